"""Staff print labels: choose locations, look at what will be printed, order, fetch the PDF."""

from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.files import clean_file
from portal.infra.guards import May, Who, current_person, needs
from portal.infra.serving import send_file_safely
from portal.infra.tickets import needing_staff, ticket_named
from portal.infra.web import page, see_other, wants_part
from portal.kernel.hktime import hk_date
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_
from portal.labels import actions
from portal.labels.check_routes import public_bp
from portal.labels.drawing import draw
from portal.labels.models import LabelBatch
from portal.labels.previews import Picture, pictures
from portal.labels.printing_run import chunks, face_of
from portal.labels.queries import (
    PAGE,
    Choice,
    Wanted,
    batch_referenced,
    batches,
    choices,
    count_choices,
    matching_numbers,
)
from portal.labels.rules import LARGEST_BATCH
from portal.labels.sheets import SHEETS, SINGLE, Sheet
from portal.registry.scheme import scheme

__all__ = ["bp", "links", "public_bp"]

bp = Blueprint("labels", __name__, url_prefix="/staff/labels")

PREVIEWED = 2
"""Pages shown before ordering: each further one looks like them."""

SPECIMEN = "ABCDEFGHJKLMNPRSTUVWXY234567"
"""Stands in a preview where the serial will be: it is given only with the order."""


def links(who: Who | None) -> list[tuple[str, str]]:
    """What the header offers."""
    if who and who.may(May.PRINT_LABELS):
        return [(N_("Labels"), url_for("labels.choose"))]
    return []


@bp.get("/")
@needs(May.PRINT_LABELS)
def choose() -> Response:
    """Effective locations, searched and filtered, to tick."""
    return choosing(wanted_now())


def choosing(
    wanted: Wanted,
    *,
    ticked: tuple[str, ...] = (),
    problems: tuple[Problem, ...] = (),
    status: int = 200,
) -> Response:
    db, at = session(), now()
    total = count_choices(db, wanted, at)
    last = max(1, -(-total // PAGE))
    current = min(max(request.args.get("page", 1, int), 1), last)
    return page(
        "labels/choose.html",
        block="" if problems else "results",
        status=status,
        wanted=wanted,
        found=choices(db, wanted, at, start=(current - 1) * PAGE),
        total=total,
        current=current,
        last=last,
        address=lambda number: f"{url_for('.choose')}?{urlencode(query(wanted, page=number))}",
        districts=scheme(hk_date(at)).districts,
        sheets=SHEETS.values(),
        most=LARGEST_BATCH,
        sheet=request.form.get("sheet", SINGLE.key),
        start=request.form.get("start", "1"),
        ticked=ticked,
        problems=problems,
    )


def wanted_now() -> Wanted:
    """The filters of the form; at first those without a label."""
    given = request.values
    return Wanted(
        words=given.get("q", "").strip()[:200],
        district=given.get("district", ""),
        unlabelled=given.get("show", "unlabelled") != "all",
    )


def query(wanted: Wanted, **more: object) -> dict[str, object]:
    show = "unlabelled" if wanted.unlabelled else "all"
    return {"q": wanted.words, "district": wanted.district, "show": show, **more}


@bp.post("/preview")
@needs(May.PRINT_LABELS)
def preview() -> Response:
    """Exactly the pages an order of these locations would print, but for the serials."""
    wanted, at = wanted_now(), now()
    numbers = chosen_numbers(wanted)
    try:
        sheet, start = chosen_sheet()
        places = actions.may_print(session(), numbers, sheet, now=at)
    except Refused as refused:
        return choosing(wanted, ticked=tuple(numbers), problems=problems_of(refused), status=422)
    return previewed(
        places,
        sheet,
        start,
        order=url_for(".order"),
        carried=[("number", number) for number in numbers] + list(query(wanted).items()),
        back=f"{url_for('.choose')}?{urlencode(query(wanted))}",
    )


def previewed(places: list[Choice], sheet: Sheet, start: int, **about: Any) -> Response:
    """The pages, and the form that orders them from `order` with all that it must carry."""
    return page(
        "labels/preview.html",
        count=len(places),
        sheet=sheet,
        start=start,
        pages=sheet.pages(len(places), start),
        pictures=drawn(places, sheet, start),
        asked=token_hex(16),
        **{"reason": "", "voids": False, **about},
    )


def chosen_numbers(wanted: Wanted) -> list[str]:
    """The ticked ones, or all that the search finds."""
    if request.form.get("all"):
        return matching_numbers(session(), wanted, now(), limit=LARGEST_BATCH + 1)
    return ticked_numbers()


def ticked_numbers() -> list[str]:
    """What was ticked; one more than may be printed at once shows that it is too many."""
    numbers = request.form.getlist("number")[: LARGEST_BATCH + 1]
    return [number for number in numbers if number.isprintable()]


def chosen_sheet() -> tuple[Sheet, int]:
    return actions.sheet_called(
        request.form.get("sheet", ""), request.form.get("start", "").strip() or 1
    )


def problems_of(refused: Refused) -> tuple[Problem, ...]:
    return refused.problems or (Problem("", refused.message),)


def drawn(places: list[Choice], sheet: Sheet, start: int) -> list[Picture]:
    """The first pages by the renderer that prints them."""
    day = hk_date(now())
    faces = [
        face_of(place.location, place.label.serial if place.label else SPECIMEN, day)
        for place in places[: PREVIEWED * sheet.places - start + 1]
    ]
    first, at = next(chunks(faces, sheet, start))
    return list(pictures(draw(first, sheet, start=at), most=PREVIEWED))


@bp.post("/")
@needs(May.PRINT_LABELS)
@commits
def order() -> ResponseReturnValue:
    """Order a batch; sent twice it is ordered once."""
    wanted, numbers = wanted_now(), ticked_numbers()
    try:
        sheet, start = chosen_sheet()
        batch = actions.order(
            session(),
            numbers,
            sheet=sheet,
            start=start,
            asked=request.form.get("asked", "")[:64],
            by=current_person(),
            now=now(),
        )
    except Refused as refused:
        session().rollback()
        return choosing(wanted, ticked=tuple(numbers), problems=problems_of(refused), status=422)
    return see_other(url_for(".show_batch", reference=batch.reference))


@bp.get("/batches/")
@needs(May.PRINT_LABELS)
def list_batches() -> Response:
    """Earlier orders."""
    db = session()
    given_up = {ticket.once for ticket in needing_staff(db)}
    found = batches(db)
    failed = {each.reference for each in found if actions.ticket_name(each) in given_up}
    return page("labels/batches.html", batches=found, failed=failed, sheets=SHEETS)


@bp.get("/batches/<reference>/")
@needs(May.PRINT_LABELS)
def show_batch(reference: str) -> Response:
    """One order: how far it is, then its PDF."""
    return page("labels/batch.html", **of_batch(batch_referenced(session(), reference)))


@bp.get("/batches/<reference>/progress")
@needs(May.PRINT_LABELS)
def batch_progress(reference: str) -> Response:
    """The part that is asked for again until the batch is done; the whole page by itself."""
    shown = "labels/progress.html" if wants_part() else "labels/batch.html"
    return page(shown, **of_batch(batch_referenced(session(), reference)))


def of_batch(batch: LabelBatch) -> dict[str, Any]:
    ticket = ticket_named(session(), actions.ticket_name(batch))
    sheet = SHEETS[batch.sheet]
    pages = sheet.pages(batch.size - batch.left_out, batch.start)
    return {"batch": batch, "ticket": ticket, "sheet": sheet, "pages": pages}


@bp.get("/batches/<reference>/labels.pdf")
@needs(May.PRINT_LABELS)
@commits
def download(reference: str) -> Response:
    """The finished PDF; fetching it is on record."""
    batch = batch_referenced(session(), reference)
    if batch.file_id is None:
        raise NotHere
    stored = clean_file(session(), batch.file_id)
    return send_file_safely(session(), stored, read_by=f"person:{current_person().id}", at=now())


from portal.labels import again_routes  # noqa: E402,F401
