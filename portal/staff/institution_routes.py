"""An institution as the office sees it: its entry, its places, and what the office may do to it.

Each deed has a page of its own that says what follows from it and asks for the reason; its
button is the confirmation.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.application import cancelling
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.web import page, see_other
from portal.kernel.hktime import end_of_hk_day
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_
from portal.registry import actions, suspending
from portal.registry.models import Institution, ServiceLocation
from portal.registry.queries import institution_numbered, institutions_matching, location_numbered
from portal.registry.rules import REASONS, Standing, standing
from portal.staff.routes import bp

STANDINGS = {
    Standing.ACCEPTED: (N_("Accepted, not yet effective"), "yellow"),
    Standing.EFFECTIVE: (N_("Effective"), "green"),
    Standing.SUSPENDED: (N_("Suspended"), "red"),
    Standing.ENDED: (N_("Has left the register"), "grey"),
}
NO_DAY = N_("Give the last day of the suspension")


@dataclass(frozen=True, slots=True)
class Deed:
    """Something done to an institution, and when it can be: in these standings."""

    title: str
    follows: str
    button: str
    possible: tuple[Standing, ...]
    asks_day: bool = False


DEEDS = {
    "suspend": Deed(
        N_("Suspend the registration"),
        N_("At once it is off the public register, its labels are not valid and its certificates"
           " are revoked. The suspension ends by itself after the last day, 28 days at the most."),
        N_("Suspend"),
        (Standing.EFFECTIVE, Standing.ACCEPTED),
        asks_day=True,
    ),
    "extend": Deed(
        N_("Extend the suspension"),
        N_("The suspension lasts until the new last day, at the most 28 days longer than now."),
        N_("Extend"),
        (Standing.SUSPENDED,),
        asks_day=True,
    ),
    "resume": Deed(
        N_("End the suspension"),
        N_("It is on the public register again at once and its labels are valid. Its certificates"
           " stay revoked: each place asks for a new one."),
        N_("End the suspension"),
        (Standing.SUSPENDED,),
    ),
    "cancel": Deed(
        N_("Cancel the registration"),
        N_("The institution and all its places leave the register for good, and their"
           " certificates are revoked. To come back it has to apply again."),
        N_("Cancel the registration"),
        (Standing.EFFECTIVE, Standing.ACCEPTED, Standing.SUSPENDED),
    ),
}  # fmt: skip
REMOVE = Deed(
    N_("Remove the service location"),
    N_("The place leaves the register for good, its labels are not valid and its certificates are"
       " revoked. The institution stays."),
    N_("Remove the service location"),
    (Standing.EFFECTIVE, Standing.ACCEPTED),
)  # fmt: skip


@bp.get("/institutions/")
@needs(May.CHANGE_REGISTER)
def find_institution() -> Response:
    """Look an institution up by number or name, listed or not."""
    words = request.args.get("q", "").strip()
    found = institutions_matching(session(), words) if words else ()
    return page("staff/institutions.html", sought=words, found=found)


@bp.get("/institutions/<number>/")
@needs(May.CHANGE_REGISTER)
def show_institution(number: str) -> Response:
    """The entry, its places, what can be done."""
    institution, at = institution_numbered(session(), number), now()
    stands = standing(institution, at)
    return page(
        "staff/institution.html",
        institution=institution,
        standing=STANDINGS[stands],
        suspended=stands is Standing.SUSPENDED,
        reasons=REASONS,
        places=[(place, STANDINGS[standing(place, at)]) for place in institution.locations],
        removable={p.number for p in institution.locations if _possible(REMOVE, p, at)},
        deeds=[(key, deed) for key, deed in DEEDS.items() if _possible(deed, institution, at)],
    )


@bp.get("/institutions/<number>/<any(suspend,extend,resume,cancel):deed>")
@needs(May.CHANGE_REGISTER)
def consider(number: str, deed: str) -> Response:
    """What follows from it, and the questions."""
    institution = institution_numbered(session(), number)
    return _asked(DEEDS[deed], institution, None, deed)


@bp.post("/institutions/<number>/<any(suspend,extend,resume,cancel):deed>")
@needs(May.CHANGE_REGISTER)
@commits
def act(number: str, deed: str) -> ResponseReturnValue:
    """Do it; ask again (422) where an answer is missing or the rules forbid it."""
    institution = institution_numbered(session(), number)
    try:
        _do(deed, institution, _reason())
    except Refused as refused:
        session().rollback()
        return _asked(DEEDS[deed], institution, None, deed, (_blamed(deed, refused),), 422)
    return see_other(url_for(".show_institution", number=institution.number))


@bp.get("/institutions/<number>/locations/<location>/remove")
@needs(May.CHANGE_REGISTER)
def consider_removal(number: str, location: str) -> Response:
    """What follows from it, and the reason."""
    institution, place = _place(number, location)
    return _asked(REMOVE, institution, place, "remove")


@bp.post("/institutions/<number>/locations/<location>/remove")
@needs(May.CHANGE_REGISTER)
@commits
def remove_location(number: str, location: str) -> ResponseReturnValue:
    """Take a place off the register."""
    institution, place = _place(number, location)
    by, at = current_person().on_record, now()
    try:
        if not _possible(REMOVE, place, at):
            raise Refused(N_("This entry has left the register"))
        actions.end_location(session(), place, at=at, reason=_reason(), by=by, now=at)
    except Refused as refused:
        session().rollback()
        problems = (_blamed("remove", refused),)
        return _asked(REMOVE, institution, place, "remove", problems, 422)
    return see_other(url_for(".show_institution", number=institution.number))


def _do(deed: str, institution: Institution, reason: str) -> None:
    db, at = session(), now()
    known: dict[str, Any] = {"reason": reason, "by": current_person().on_record, "now": at}
    if not _possible(DEEDS[deed], institution, at):
        raise Refused(N_("That cannot be done as the registration stands now"))
    match deed:
        case "suspend":
            suspending.suspend(db, institution, until=_until(), **known)
        case "extend":
            suspending.extend(db, institution, until=_until(), **known)
        case "resume":
            suspending.resume(db, institution, **known)
        case _:
            cancelling.cancel(db, institution, **known)


def _asked(
    deed: Deed,
    institution: Institution,
    place: ServiceLocation | None,
    key: str,
    problems: tuple[Problem, ...] = (),
    status: int = 200,
) -> Response:
    return page(
        "staff/deed.html",
        status=status,
        deed=deed,
        key=key,
        institution=institution,
        place=place,
        reasons=REASONS,
        answers=request.form,
        problems=problems,
    )


def _reason() -> str:
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        raise Refused(suspending.NO_REASON)
    return reason


def _until() -> datetime:
    """The end of the last day that was typed."""
    try:
        return end_of_hk_day(date.fromisoformat(request.form.get("until", "").strip()))
    except (ValueError, OverflowError) as error:
        raise Refused(NO_DAY) from error


def _blamed(deed: str, refused: Refused) -> Problem:
    """The problem at the question it is about."""
    about_day = deed in {"suspend", "extend"} and refused.message != suspending.NO_REASON
    return Problem("until" if about_day else "reason", refused.message)


def _place(number: str, location: str) -> tuple[Institution, ServiceLocation]:
    institution, place = (
        institution_numbered(session(), number), location_numbered(session(), location),
    )  # fmt: skip
    if place.institution_id != institution.id:
        raise NotHere
    return institution, place


def _possible(deed: Deed, entry: Institution | ServiceLocation, at: datetime) -> bool:
    return standing(entry, at) in deed.possible
