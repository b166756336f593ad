"""The applicant's pages: beginning, the task list or status, notices, confirmation."""

from collections.abc import Sequence
from datetime import date

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.application import actions
from portal.application.actions import copy_named
from portal.application.progress import complete, filed, notices_to_accept, standings
from portal.application.steps import STEPS
from portal.cases.actions import acknowledge, draft_of
from portal.cases.documents import requirements_for
from portal.cases.events import sentence
from portal.cases.models import Case
from portal.cases.notices import Notice, notices_for
from portal.cases.queries import acknowledged, own_case, own_cases, timeline
from portal.cases.rules import State, support_until
from portal.cases.standing import limits, standing
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.files import clean_file
from portal.infra.guards import May, Who, current_person, needs
from portal.infra.i18n import current_lang
from portal.infra.serving import send_file_safely
from portal.infra.tickets import ticket_named
from portal.infra.web import page, see_other
from portal.kernel.hktime import hk_date
from portal.kernel.problems import NotHere, Problem
from portal.kernel.text import N_
from portal.registry.queries import institution_by_id
from portal.registry.scheme import Scheme, scheme

bp = Blueprint("application", __name__, url_prefix="/apply")


def links(who: Who | None) -> list[tuple[str, str]]:
    """What the header offers."""
    if who and who.may(May.APPLY):
        return [(N_("My applications"), url_for("application.mine"))]
    return []


def own(reference: str) -> Case:
    """The signed-in person's case of that reference, or the same 404 as none."""
    return own_case(session(), reference, current_person().id)


def tables_of(case: Case) -> Scheme:
    """The dated tables the case was begun under: they do not change beneath the applicant."""
    return scheme(case.begun_on)


def today() -> date:
    return hk_date(now())


@bp.get("/")
@needs(May.APPLY)
def mine() -> Response:
    """The person's applications and where each stands."""
    cases = own_cases(session(), current_person().id)
    return page("application/mine.html", rows=standings(session(), cases, now()))


@bp.get("/new")
@needs(May.APPLY)
def choose_kind() -> Response:
    """Which kind of institution applies?"""
    return page("application/new.html", kinds=scheme(today()).kinds, problems=(), chosen="")


@bp.get("/before")
@needs(May.APPLY)
def before() -> Response:
    """What an institution of that kind needs, before anything is begun."""
    tables = scheme(today())
    kind = tables.kind.get(request.args.get("kind", ""))
    if kind is None:
        problem = Problem("kind", N_("Choose the kind of institution"))
        return page(
            "application/new.html", status=422, kinds=tables.kinds, problems=(problem,), chosen=""
        )
    return page(
        "application/before.html",
        kind=kind,
        requirements=requirements_for(kind.code, today()),
        notices=notices_for(kind.conditions, today()),
    )


@bp.post("/new")
@needs(May.APPLY)
@commits
def begin() -> ResponseReturnValue:
    """Begin a draft."""
    case = actions.begin(
        session(),
        request.form.get("kind", ""),
        by=current_person(),
        language=current_lang(),
        scheme=scheme(today()),
        now=now(),
    )
    return see_other(url_for(".show_notices", reference=case.reference))


@bp.get("/<reference>/")
@needs(May.APPLY)
def show(reference: str) -> Response:
    """A draft's task list, or what has become of the application."""
    case = own(reference)
    return task_list(case) if case.state == State.DRAFT else status(case)


def task_list(case: Case) -> Response:
    sections = actions.task_list(session(), case, tables_of(case), now())
    return page(
        "application/tasks.html",
        case=case,
        kind=tables_of(case).kind[case.kind],
        sections=sections,
        ready=not any(section.missing for section in sections),
    )


def status(case: Case) -> Response:
    at = now()
    all_filed = filed(session(), case)
    handed_over = case.handed_over_at
    in_register = case.state in (State.ACCEPTED, State.REGISTERED) and case.institution_id
    return page(
        "application/status.html",
        case=case,
        standing=standing(case, at, complete=complete(all_filed)),
        events=[(event, sentence(event)) for event in timeline(session(), case)],
        support_until=support_until(handed_over, limits()) if handed_over else None,
        limits=limits(),
        filed=all_filed,
        institution=institution_by_id(session(), in_register) if in_register else None,
    )


@bp.get("/<reference>/notices")
@needs(May.APPLY)
def show_notices(reference: str) -> Response:
    """The notices that apply, each to be opened and acknowledged."""
    case = own(reference)
    return notices_page(case, ())


def notices_page(case: Case, problems: Sequence[Problem], status: int = 200) -> Response:
    shown = notices_to_accept(case, tables_of(case), today())
    return page(
        "application/notices.html",
        status=status,
        case=case,
        notices=shown,
        read=acknowledged(session(), case),
        problems=problems,
    )


@bp.post("/<reference>/notices")
@needs(May.APPLY)
@commits
def acknowledge_notices(reference: str) -> ResponseReturnValue:
    """Keep which notices were read, each with its version and the time."""
    case = own(reference)
    db = session()
    draft_of(db, case)
    ticked = set(request.form.getlist("notice"))
    shown = notices_to_accept(case, tables_of(case), today())
    known = acknowledged(db, case)
    for notice in shown:
        if notice.key in ticked:
            acknowledge(db, case, notice.key, notice.version, now=now())
    if "later" in request.form:
        return see_other(url_for(".show", reference=case.reference))
    unread = [n for n in shown if n.key not in ticked and (n.key, n.version) not in known]
    if unread:
        # What was ticked is kept although something is missing: reading takes several sittings.
        db.commit()
        return notices_page(case, [unread_problem(n) for n in unread], status=422)
    return see_other(url_for(".show_step", reference=case.reference, step_key=STEPS[0].key))


def unread_problem(notice: Notice) -> Problem:
    return Problem(f"notice-{notice.key}", N_("Read this notice and tick its box to go on"))


@bp.get("/<reference>/notices/<key>")
@needs(May.APPLY)
def show_notice(reference: str, key: str) -> Response:
    """One notice, to read."""
    case = own(reference)
    found = [n for n in notices_to_accept(case, tables_of(case), today()) if n.key == key]
    if not found:
        raise NotHere
    return page("application/notice.html", case=case, notice=found[0])


@bp.get("/<reference>/confirmation")
@needs(May.APPLY)
def confirmation(reference: str) -> Response:
    """That it was handed in, with the reference and what comes next; may be opened again."""
    case = own(reference)
    if case.submitted_at is None:
        raise NotHere
    return page("application/confirmation.html", case=case, limits=limits())


@bp.get("/<reference>/copy.pdf")
@needs(May.APPLY)
@commits
def copy(reference: str) -> ResponseReturnValue:
    """The PDF copy of what was handed in; while it is being made, a page that says so.

    Reading it is on record, as for every file with personal particulars.
    """
    case = own(reference)
    if case.submitted_at is None:
        raise NotHere
    if case.copy_file_id is None:
        ticket = ticket_named(session(), copy_named(case))
        return page("application/copy_later.html", case=case, ticket=ticket)
    kept = clean_file(session(), case.copy_file_id)
    return send_file_safely(session(), kept, read_by=current_person().on_record, at=now())


from portal.application import document_routes, step_routes  # noqa: E402,F401
