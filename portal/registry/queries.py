"""Reading the register: entries by their numbers, and the rows a page of results shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from portal.kernel.problems import NotHere
from portal.registry.models import Institution, Listing, ServiceLocation
from portal.registry.rules import INSTITUTION, LOCATION, as_number, is_effective

NAMES = ("name_en", "name_tc", "name_sc")
ADDRESSES = ("address_en", "address_tc", "address_sc")


def institution_by_id(db: Session, institution_id: int) -> Institution:
    """The institution another slice keeps the key of."""
    return db.get_one(Institution, institution_id)


def institution_numbered(db: Session, number: str) -> Institution:
    """The institution with this number, effective or not; typed carelessly is fine.

    Raises:
        NotHere: there is none.
    """
    wanted = select(Institution).where(col(Institution.number) == as_number(number, INSTITUTION))
    if (found := db.scalars(wanted).one_or_none()) is None:
        raise NotHere
    return found


def institutions_matching(db: Session, words: str, limit: int = 50) -> Sequence[Institution]:
    """Institutions whose number or name holds `words`, listed or not, the newest first."""
    owner, number = Institution, as_number(words, INSTITUTION)
    texts = (owner.name_en, owner.name_tc, owner.name_sc)
    named = [col(text).icontains(words[:100], autoescape=True) for text in texts]
    wanted = select(owner).where(or_(col(owner.number) == number, *named))
    return db.scalars(wanted.order_by(col(owner.id).desc()).limit(limit)).all()


def location_numbered(db: Session, number: str) -> ServiceLocation:
    """The service location with this number, effective or not; typed carelessly is fine.

    Raises:
        NotHere: there is none.
    """
    wanted = select(ServiceLocation).where(
        col(ServiceLocation.number) == as_number(number, LOCATION)
    )
    if (found := db.scalars(wanted).one_or_none()) is None:
        raise NotHere
    return found


def listed_institution(db: Session, number: str, now: datetime) -> Institution:
    """The same, only if the public may see it.

    Raises:
        NotHere: there is none, or it is not effective now.
    """
    found = institution_numbered(db, number)
    if not is_effective(found, now=now):
        raise NotHere
    return found


def listed_location(db: Session, number: str, now: datetime) -> ServiceLocation:
    """The same, only if the public may see it.

    Raises:
        NotHere: there is none, or it or its institution is not effective now.
    """
    found = location_numbered(db, number)
    if not is_listed(found, now):
        raise NotHere
    return found


def is_listed(location: ServiceLocation, now: datetime) -> bool:
    """Whether the public may see this place: it and its institution are effective."""
    return is_effective(location.institution, location, now=now)


def listed_locations(
    db: Session, institution: Institution, now: datetime
) -> Sequence[ServiceLocation]:
    """The places of `institution` that the public may see, in the order they were entered."""
    if not is_effective(institution, now=now):
        return ()
    wanted = select(ServiceLocation).where(col(ServiceLocation.institution_id) == institution.id)
    places = db.scalars(wanted.order_by(col(ServiceLocation.id)))
    return [place for place in places if is_effective(place, now=now)]


@dataclass(frozen=True)
class Row:
    """One line of the results: a place, or an institution with several (then no `number`)."""

    record: int
    owner_number: str
    owner_name_en: str
    owner_name_tc: str
    owner_name_sc: str
    kind: str
    owner_phone: str
    number: str | None
    name_en: str | None
    name_tc: str | None
    name_sc: str | None
    address_en: str | None
    address_tc: str | None
    address_sc: str | None
    district: str | None
    phone: str | None
    registers_patients: bool | None
    places: int


def rows(db: Session, records: Sequence[int]) -> dict[int, Row]:
    """What the results say of `records`, in one statement, without the ORM's objects."""
    return {found.record: Row(**found._mapping) for found in db.execute(_rows_of(records))}


def _rows_of(records: Sequence[int]) -> Select[Any]:
    owner, place, others = Institution, ServiceLocation, aliased(ServiceLocation)
    names = {f"owner_{name}": getattr(owner, name) for name in ("number", *NAMES, "phone")}
    here = ("number", *NAMES, *ADDRESSES, "district", "phone", "registers_patients")
    listed = aliased(Listing)
    places = (
        select(func.count(col(listed.record)))
        .join(others, col(listed.location_id) == col(others.id))
        .where(col(others.institution_id) == col(Listing.institution_id))
        .scalar_subquery()
        .correlate(Listing)
    )
    own = col(Listing.institution_id)
    return (
        select(
            col(Listing.record),
            col(owner.kind),
            *(column.label(label) for label, column in names.items()),
            *(getattr(place, name) for name in here),
            case((own.is_not(None), places), else_=0).label("places"),
        )
        .join(place, col(Listing.location_id) == col(place.id), isouter=True)
        .join(owner, col(owner.id) == func.coalesce(own, col(place.institution_id)))
        .where(col(Listing.record).in_(records))
    )
