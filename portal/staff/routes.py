"""The Registration Office's pages: the queue, an application with its documents, the decision."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.application import deciding
from portal.application.document_routes import filed_file
from portal.application.progress import complete, filed, standings
from portal.application.reading import parts
from portal.application.routes import tables_of
from portal.application.step_routes import pages_asked
from portal.cases.events import sentence
from portal.cases.models import Case
from portal.cases.queries import QUEUE_PAGE, queue, queue_counts, submitted_case, timeline
from portal.cases.rules import OPEN, State
from portal.cases.standing import limits, standing
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.files import thumbnail
from portal.infra.guards import May, Who, current_person, needs
from portal.infra.serving import send_bytes, send_file_safely
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_
from portal.registry.queries import institution_by_id
from portal.staff.steps import ReasonsForm

bp = Blueprint("staff", __name__, url_prefix="/staff")

QUEUES: dict[str, tuple[str, tuple[State, ...]]] = {
    "open": (N_("To decide"), (State.SUBMITTED,)),
    "setup": (N_("Waiting for set-up"), (State.ACCEPTED,)),
    "done": (N_("Decided"), (State.REGISTERED, State.UNSUCCESSFUL, State.LAPSED, State.WITHDRAWN)),
}
"""Queue to its name and the states in it: every handed-in case is in exactly one."""


def links(who: Who | None) -> list[tuple[str, str]]:
    """What the header offers."""
    found = []
    if who and who.may(May.REVIEW_APPLICATIONS):
        found.append((N_("Applications"), url_for("staff.show_queue")))
    if who and who.may(May.CHANGE_REGISTER):
        found.append((N_("Institutions"), url_for("staff.find_institution")))
    if who and who.may(May.SEE_JOBS):
        found.append((N_("Work"), url_for("staff.show_work")))
    return found


@bp.get("/applications/")
@needs(May.REVIEW_APPLICATIONS)
def show_queue() -> Response:
    """Applications by queue, the longest waiting first; a search looks through all of them."""
    chosen = request.args.get("queue", "open")
    words = request.args.get("q", "").strip()
    chosen = chosen if chosen in QUEUES else "open"
    states = tuple(State) if words else QUEUES[chosen][1]
    counts = queue_counts(session())
    number = min(max(request.args.get("page", 1, int), 1), 1_000_000)
    cases, found = queue(session(), states, words, page=number)
    return page(
        "staff/queue.html",
        block="results",
        rows=standings(session(), cases, now()),
        found=found,
        page_number=number,
        pages=max(1, -(-found // QUEUE_PAGE)),
        page_address=lambda n: url_for(".show_queue", queue=chosen, q=words or None, page=n),
        queues=[
            (key, name, sum(counts.get(state, 0) for state in within))
            for key, (name, within) in QUEUES.items()
        ],
        chosen=chosen,
        sought=words,
    )


@bp.get("/applications/<reference>/")
@needs(May.REVIEW_APPLICATIONS)
@commits
def show(reference: str) -> ResponseReturnValue:
    """The answers with the documents beside them; opening it is on record."""
    case = submitted_case(session(), reference)
    deciding.open_review(session(), case, by=current_person(), now=now())
    session().flush()
    return case_page(case)


def case_page(case: Case, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    db, tables, pages = session(), tables_of(case), pages_asked()
    all_filed = filed(db, case)
    return page(
        "staff/case.html",
        status=status,
        case=case,
        kind=tables.kind[case.kind],
        standing=standing(case, now(), complete=complete(all_filed)),
        parts=parts(db, case, tables, pages),
        page_address=lambda key: partial(_case_page, case, pages, key),
        filed=all_filed,
        complete=complete(all_filed),
        events=[(event, sentence(event)) for event in timeline(db, case)],
        institution=institution_by_id(db, case.institution_id) if case.institution_id else None,
        applicant=deciding.applicant(db, case),
        open=case.state in OPEN,
        limits=limits(),
        reasons=request.form.get("reasons", ""),
        problems=problems,
    )


def _case_page(case: Case, pages: Mapping[str, Any], key: str, number: int) -> str:
    """The address of the same page, with another page of the rows of one step."""
    return url_for(".show", reference=case.reference, _anchor=key, **{**pages, key: number})


@bp.post("/applications/<reference>/decision")
@needs(May.REVIEW_APPLICATIONS)
@commits
def decide(reference: str) -> ResponseReturnValue:
    """Accept, or decline with reasons."""
    case = submitted_case(session(), reference)
    db, who, at = session(), current_person(), now()
    try:
        match request.form.get("decision"):
            case "accept":
                deciding.accept(db, case, by=who, scheme=tables_of(case), now=at)
            case "decline":
                reasons = written()
                deciding.decline(db, case, reasons=reasons, by=who, now=at)
            case _:
                raise Refused(N_("Choose whether to accept or decline"))
    except Refused as refused:
        db.rollback()
        return case_page(case, (Problem(_blamed(), refused.message),), status=422)
    return see_other(url_for(".show", reference=case.reference))


def written() -> str:
    """The reasons, fit to be kept and sent.

    Raises:
        Refused: they are too long, or hold a character that no letter can carry.
    """
    told = ReasonsForm(request.form).reasons
    if told.wrong:
        raise Refused(told.wrong.message)
    return str(told.cleaned)


def _blamed() -> str:
    return "reasons" if request.form.get("decision") == "decline" else "decision"


@bp.get("/applications/<reference>/documents/<uuid:file_id>")
@needs(May.REVIEW_APPLICATIONS)
@commits
def open_file(reference: str, file_id: UUID) -> ResponseReturnValue:
    """A document of the application; that it was read is on record."""
    case = submitted_case(session(), reference)
    _document, file = filed_file(case, file_id)
    if file.state != "clean":
        raise NotHere
    return send_file_safely(session(), file, read_by=current_person().on_record, at=now())


@bp.get("/applications/<reference>/documents/<uuid:file_id>/thumbnail")
@needs(May.REVIEW_APPLICATIONS)
def show_thumbnail(reference: str, file_id: UUID) -> ResponseReturnValue:
    """A small picture of the first page."""
    _document, file = filed_file(submitted_case(session(), reference), file_id)
    picture = thumbnail(session(), file.id)
    if picture is None:
        raise NotHere
    return send_bytes(picture, filename="thumbnail.webp", media_type="image/webp")


from portal.staff import (  # noqa: E402,F401
    institution_routes,
    letter_routes,
    paper_routes,
    work_routes,
)
