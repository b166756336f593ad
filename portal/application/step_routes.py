"""The pages of the steps that ask questions, and the review that hands everything in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from flask import Response, abort, request, url_for
from flask.typing import ResponseReturnValue

from portal.application import actions
from portal.application.progress import filed
from portal.application.reading import page_with, parts
from portal.application.routes import bp, own, tables_of
from portal.application.steps import INSTITUTION, LOCATIONS, MOST_ROWS, STEPS, USERS
from portal.cases.actions import Overwritten, keep_answer, new_row, remove_row, restore_row
from portal.cases.models import Answer, Case
from portal.cases.queries import answer_to, place_of, rows_count, rows_of
from portal.cases.rules import State
from portal.forms.fields import Shown, Step, StepForm, shown_in
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_, Said

ROWS_PER_PAGE = 50

NEXT_STEP = {INSTITUTION.key: USERS.key, USERS.key: LOCATIONS.key}
"""Which step follows; after the last one come the documents."""

ONLY_STEPS = "any(institution,users,locations)"
ROW_STEPS = "any(users,locations)"


def step_called(key: str) -> Step:
    return next(step for step in STEPS if step.key == key)


def filled(case: Case, step: Step, answer: Answer | None, formdata: object = None) -> StepForm:
    """The step's form with what was saved, or with what was just typed."""
    tables = tables_of(case)
    kept = answer.answers if answer else None
    return step.filled(kept, formdata, tables=tables, given=actions.given(case, tables))


@bp.get(f"/<reference>/<{ONLY_STEPS}:step_key>")
@needs(May.APPLY)
def show_step(reference: str, step_key: str) -> Response:
    """A step's questions, or the list of its rows."""
    case, step = own(reference), step_called(step_key)
    _still_draft(case)
    if step.many:
        return rows_page(case, step)
    answer = answer_to(session(), case, step.key)
    return step_page(case, step, filled(case, step, answer), _revision(answer))


@bp.post(f"/<reference>/<{ONLY_STEPS}:step_key>")
@needs(May.APPLY)
@commits
def save_step(reference: str, step_key: str) -> ResponseReturnValue:
    """Keep the answers and go on; ask again (422) unless they are saved for later."""
    case, step = own(reference), step_called(step_key)
    if step.many:
        raise NotHere
    return save(case, step, "")


@bp.get(f"/<reference>/<{ROW_STEPS}:step_key>/new")
@needs(May.APPLY)
def add_row(reference: str, step_key: str) -> Response:
    """The questions about one more user or location."""
    case, step = own(reference), step_called(step_key)
    _still_draft(case)
    return step_page(case, step, filled(case, step, None), 0, row=new_row())


@bp.get(f"/<reference>/<{ROW_STEPS}:step_key>/<row>")
@needs(May.APPLY)
def show_row(reference: str, step_key: str, row: str) -> Response:
    """The questions about one user or location, as they were answered."""
    case, step = own(reference), step_called(step_key)
    _still_draft(case)
    answer = answer_to(session(), case, step.key, row)
    if answer is None:
        raise NotHere
    return step_page(case, step, filled(case, step, answer), _revision(answer), row=row)


@bp.post(f"/<reference>/<{ROW_STEPS}:step_key>/<row>")
@needs(May.APPLY)
@commits
def save_row(reference: str, step_key: str, row: str) -> ResponseReturnValue:
    """Keep one user or location."""
    case, step = own(reference), step_called(step_key)
    if len(row) != 32 or not row.isalnum():
        raise NotHere
    if _typed_revision() == 0 and rows_count(session(), case, step.key)[0] >= MOST_ROWS[step.key]:
        raise Refused(Said(N_("At most %(most)s can be added here"), most=MOST_ROWS[step.key]))
    return save(case, step, row)


@bp.post(f"/<reference>/<{ROW_STEPS}:step_key>/<row>/remove")
@needs(May.APPLY)
@commits
def remove(reference: str, step_key: str, row: str) -> ResponseReturnValue:
    """Take a row out; the list offers to undo it."""
    case = own(reference)
    remove_row(session(), case, step_key, row, now=now())
    return see_other(
        url_for(".show_step", reference=case.reference, step_key=step_key, removed=row)
    )


@bp.post(f"/<reference>/<{ROW_STEPS}:step_key>/<row>/restore")
@needs(May.APPLY)
@commits
def restore(reference: str, step_key: str, row: str) -> ResponseReturnValue:
    """Undo a removal."""
    case = own(reference)
    restore_row(session(), case, step_key, row, now=now())
    return see_other(url_for(".show_step", reference=case.reference, step_key=step_key))


def save(case: Case, step: Step, row: str) -> Response:
    """Keep what was typed over the revision it was typed upon."""
    later = "later" in request.form
    form = filled(case, step, None, request.form)
    if not form.sound(later=later):
        log_problems(f"application.{step.key}", form.found)
        return step_page(case, step, form, _typed_revision(), row=row, status=422)
    if step is INSTITUTION:
        actions.take_particulars(case, form)
    try:
        keep_answer(
            session(), case, step.key, form.answers(), row=row,
            revision=_typed_revision(), sound=not form.problems(), now=now(),
        )  # fmt: skip
    except Overwritten as other:
        theirs = shown_in(filled(case, step, other.saved))
        return step_page(
            case, step, form, other.saved.revision, row=row, status=409, theirs=theirs,
            saved_at=other.saved.saved_at,
        )  # fmt: skip
    return see_other(_after_saving(case, step, later=later))


def _after_saving(case: Case, step: Step, *, later: bool) -> str:
    if later:
        return url_for(".show", reference=case.reference)
    if request.args.get("from") == "review":
        return _back_to_review(case, step)
    if step.many:
        if "another" in request.form:
            return url_for(".add_row", reference=case.reference, step_key=step.key)
        return url_for(".show_step", reference=case.reference, step_key=step.key)
    return _onward(case, step)


def _back_to_review(case: Case, step: Step) -> str:
    """The review where the person left it: at the page with the row that was changed."""
    row = (request.view_args or {}).get("row", "")
    place = place_of(session(), case, step.key, row) if row else None
    if place is None:
        return url_for(".review", reference=case.reference)
    return _review_page(case, {}, step.key, page_with(place))


def _onward(case: Case, step: Step) -> str:
    if following := NEXT_STEP.get(step.key):
        return url_for(".show_step", reference=case.reference, step_key=following)
    return url_for(".show_documents", reference=case.reference)


def step_page(
    case: Case, step: Step, form: StepForm, revision: int, *, row: str = "", status: int = 200,
    theirs: tuple[Shown, ...] = (), saved_at: datetime | None = None,
) -> Response:  # fmt: skip
    """A step's questions; after a conflict also what was saved elsewhere, and when."""
    return page(
        "application/step.html", status=status, case=case, step=step, form=form,
        number=STEPS.index(step) + 1, revision=revision, row=row, problems=form.found,
        theirs=theirs, saved_at=saved_at,
    )  # fmt: skip


def rows_page(case: Case, step: Step) -> Response:
    """The list of users or locations, 50 a page."""
    count, unsound = rows_count(session(), case, step.key)
    pages = max(1, -(-count // ROWS_PER_PAGE))
    number = min(max(request.args.get("page", 1, int), 1), pages)
    rows = rows_of(
        session(), case, step.key, first=(number - 1) * ROWS_PER_PAGE, size=ROWS_PER_PAGE
    )
    return page(
        "application/rows.html", case=case, step=step, rows=listed(step, rows), count=count,
        unsound=unsound, page_number=number, pages=pages, number=STEPS.index(step) + 1,
        removed=request.args.get("removed", ""), full=count >= MOST_ROWS[step.key],
        onward=_onward(case, step),
        page_address=lambda n: url_for(
            ".show_step", reference=case.reference, step_key=step.key, page=n
        ),
    )  # fmt: skip


def listed(step: Step, rows: Sequence[Answer]) -> list[tuple[Answer, object, str]]:
    """Each row with its title and a second line that tells it from the others."""
    return [(row, step.row_title(row.answers), _second_line(row)) for row in rows]


def _second_line(row: Answer) -> str:
    return str(row.answers.get("address_en") or row.answers.get("email") or "")


@bp.get("/<reference>/review")
@needs(May.APPLY)
def review(reference: str) -> Response:
    """Everything with links to change it, users and locations by the page; the declaration."""
    case = own(reference)
    _still_draft(case)
    return review_page(case, ())


def review_page(case: Case, problems: Sequence[Problem], status: int = 200) -> Response:
    db, tables, pages = session(), tables_of(case), pages_asked()
    missing = actions.missing(db, case, tables, now())
    return page(
        "application/review.html",
        status=status,
        case=case,
        kind=tables.kind[case.kind],
        parts=parts(db, case, tables, pages),
        page_address=lambda key: partial(_review_page, case, pages, key),
        filed=filed(db, case),
        missing=missing,
        problems=problems,
    )


def pages_asked() -> dict[str, Any]:
    """Which page of the rows of each step the address asks for."""
    return {step.key: request.args.get(step.key, 1, int) for step in STEPS if step.many}


def _review_page(case: Case, pages: Mapping[str, Any], key: str, number: int) -> str:
    """The address of the same page, with another page of the rows of one step."""
    return url_for(".review", reference=case.reference, _anchor=key, **{**pages, key: number})


@bp.post("/<reference>/submit")
@needs(May.APPLY)
@commits
def submit(reference: str) -> ResponseReturnValue:
    """Hand the application in, once; a second click or tab meets the same confirmation."""
    case = own(reference)
    declared = request.form.get("declaration") == "yes"
    if case.state == State.DRAFT and not declared:
        problem = Problem("declaration", N_("Tick the box to make the declaration"))
        return review_page(case, (problem,), status=422)
    try:
        actions.submit(session(), case, by=current_person(), scheme=tables_of(case), now=now())
    except Refused as refused:
        if not refused.problems:
            raise
        return review_page(case, refused.problems, status=422)
    return see_other(url_for(".confirmation", reference=case.reference))


def _still_draft(case: Case) -> None:
    """A page for changing answers leads to the status once the application was handed in."""
    if case.state != State.DRAFT:
        abort(see_other(url_for(".show", reference=case.reference)))


def _revision(answer: Answer | None) -> int:
    return answer.revision if answer else 0


def _typed_revision() -> int:
    typed = request.form.get("revision", "0")
    return int(typed) if typed.isdecimal() and len(typed) < 9 else 0
