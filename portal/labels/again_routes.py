"""A location's labels, and one printed anew: a reason, a look at the page, the order."""

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.web import page, see_other
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_
from portal.labels import actions
from portal.labels.queries import Choice, life_of
from portal.labels.routes import bp, chosen_sheet, previewed, problems_of
from portal.labels.rules import ANOTHER_DOOR, REPRINT_REASONS
from portal.labels.serials import in_groups
from portal.labels.sheets import SHEETS, SINGLE
from portal.registry.queries import is_listed, location_numbered

REASONS = {ANOTHER_DOOR: N_("Another copy for another door, same number"), **REPRINT_REASONS}


@bp.get("/locations/<number>/")
@needs(May.PRINT_LABELS)
def show_location(number: str) -> Response:
    """A location's labels, and the form to print one anew."""
    return location_page(number)


def location_page(number: str, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    location = location_numbered(session(), number)
    return page(
        "labels/location.html",
        status=status,
        location=location,
        lives=life_of(session(), location),
        listed=is_listed(location, now()),
        reasons=REASONS,
        void_reasons=REPRINT_REASONS,
        in_groups=in_groups,
        chosen=request.form.get("reason", ""),
        sheets=SHEETS.values(),
        sheet=request.form.get("sheet", SINGLE.key),
        start=request.form.get("start", "1"),
        problems=problems,
    )


@bp.post("/locations/<number>/preview")
@needs(May.PRINT_LABELS)
def preview_again(number: str) -> Response:
    """Exactly the page that printing again would give; nothing is void yet."""
    location, reason = location_numbered(session(), number), request.form.get("reason", "")
    try:
        sheet, start = chosen_sheet()
        choice = actions.may_print_again(session(), location, reason, sheet, now=now())
    except Refused as refused:
        return location_page(number, problems_of(refused), status=422)
    voids = reason != ANOTHER_DOOR
    return previewed(
        [Choice(location, None) if voids else choice],
        sheet,
        start,
        order=url_for(".print_again", number=location.number),
        carried=[("reason", reason)],
        back=url_for(".show_location", number=location.number),
        reason=REASONS[reason],
        voids=voids,
    )


@bp.post("/locations/<number>/")
@needs(May.PRINT_LABELS)
@commits
def print_again(number: str) -> ResponseReturnValue:
    """Print a location's label anew, with a reason."""
    try:
        sheet, start = chosen_sheet()
        batch = actions.order_again(
            session(),
            location_numbered(session(), number),
            request.form.get("reason", ""),
            sheet=sheet,
            start=start,
            asked=request.form.get("asked", "")[:64],
            by=current_person(),
            now=now(),
        )
    except Refused as refused:
        session().rollback()
        return location_page(number, problems_of(refused), status=422)
    return see_other(url_for(".show_batch", reference=batch.reference))
