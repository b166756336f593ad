"""Noting what a place needs to be connected, by the institution or by the office."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from portal.certificates.models import SetUpNote
from portal.certificates.rules import LONGEST_NOTE, SET_UP, Item, Kind, Side
from portal.certificates.set_up_queries import Place
from portal.infra.audit import record
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_, Said

TOO_LONG = N_("Use at most %(limit)s characters")
UNFIT = N_("This cannot be kept: a character in it cannot be written")
NO_DAY = N_("Choose a day, like 2026-12-24")
NO_CHOICE = N_("Choose from the list")
MANY = N_("Some answers still need attention")


def items_of(side: Side) -> tuple[Item, ...]:
    """The items that this side notes."""
    return tuple(item for item in SET_UP if item.side is side)


def field(place: Place, item: Item) -> str:
    """The name of the control for an item of a place."""
    return f"{place.location.number}-{item.key}"


def note(
    db: Session,
    places: Sequence[Place],
    typed: Mapping[str, str],
    *,
    side: Side,
    by: str,
    now: datetime,
) -> int:
    """Keep what this side noted of these places; how many notes have changed.

    Raises:
        Refused: some cannot be kept; then none is.
    """
    changed, problems = [], []
    for place in places:
        for item in items_of(side):
            told, problem = _read(item, typed.get(field(place, item), ""))
            if problem:
                problems.append(Problem(field(place, item), problem))
            elif told != _told(place, item):
                changed.append((place, item, told))
    if problems:
        raise Refused(MANY, tuple(problems))
    for place, item, told in changed:
        _keep(db, place, item, told, by, now)
    return len(changed)


def _told(place: Place, item: Item) -> str:
    before = place.notes.get(item.key)
    return before.told if before else ""


def _read(item: Item, typed: str) -> tuple[str, str | Said]:
    """What is kept of what was typed, and what is wrong with it ("" if nothing)."""
    told = " ".join(typed.split())
    if not told:
        return "", ""
    match item.kind:
        case Kind.TICK:
            return "yes", ""
        case Kind.CHOICE:
            known = told in dict(item.choices)
            return told, "" if known else NO_CHOICE
        case Kind.DAY:
            return told, "" if _is_day(told) else NO_DAY
        case Kind.WORDS:
            if not told.isprintable():
                return told, UNFIT
            long = len(told) > LONGEST_NOTE
            return told, Said(TOO_LONG, limit=LONGEST_NOTE) if long else ""


def _is_day(told: str) -> bool:
    try:
        return len(told) == 10 and date.fromisoformat(told).year >= 2000
    except ValueError:
        return False


def _keep(db: Session, place: Place, item: Item, told: str, by: str, now: datetime) -> None:
    """Two at once: the later one stands, neither fails."""
    insert = (postgresql if db.get_bind().dialect.name == "postgresql" else sqlite).insert
    values = {"told": told, "noted_by": by, "noted_at": now}
    written = insert(SetUpNote).values(location_id=place.location.id, item=item.key, **values)
    db.execute(written.on_conflict_do_update(index_elements=["location_id", "item"], set_=values))
    record(
        db, "set_up.noted", by=by, at=now, subject=place.location.number, item=item.key,
    )  # fmt: skip
