"""Reading labels: who may have one, what a batch prints, what a serial is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import contains_eager
from sqlmodel import Session, col

from portal.kernel.identifiers import normalise
from portal.kernel.problems import NotHere
from portal.labels.models import Label, LabelBatch, LabelCheck, LabelPrint
from portal.registry.models import Institution, ServiceLocation

PAGE = 100
"""Locations on one page of the list to choose from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What staff look for among the locations that may have a label."""

    words: str = ""
    district: str = ""
    unlabelled: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """A location and its live label, if it has one."""

    location: ServiceLocation
    label: Label | None


def choices(
    db: Session, wanted: Wanted, now: datetime, *, start: int = 0, size: int = PAGE
) -> list[Choice]:
    """Effective locations that match, by institution and order of entry."""
    found = db.execute(
        _matching(select(ServiceLocation, Label), wanted, now)
        .options(contains_eager(ServiceLocation.institution))  # type: ignore[arg-type]
        .order_by(col(Institution.id), col(ServiceLocation.id))
        .offset(start)
        .limit(size)
    )
    return [Choice(location, label) for location, label in found]


def count_choices(db: Session, wanted: Wanted, now: datetime) -> int:
    counted = _matching(select(func.count(col(ServiceLocation.id))), wanted, now)
    return db.scalar(counted) or 0


def matching_numbers(db: Session, wanted: Wanted, now: datetime, *, limit: int) -> list[str]:
    """Numbers of all that match, for an order of everything found."""
    listed = _matching(select(col(ServiceLocation.number)), wanted, now)
    ordered = listed.order_by(col(Institution.id), col(ServiceLocation.id))
    return list(db.scalars(ordered.limit(limit)))


def _matching(chosen: Any, wanted: Wanted, now: datetime) -> Any:
    live = and_(col(Label.location_id) == col(ServiceLocation.id), col(Label.voided_at).is_(None))
    asked = (
        chosen.select_from(ServiceLocation)
        .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
        .join(Label, live, isouter=True)
        .where(*_effective(now))
    )
    if wanted.unlabelled:
        asked = asked.where(col(Label.id).is_(None))
    if wanted.district:
        asked = asked.where(col(ServiceLocation.district) == wanted.district)
    return asked.where(*(_mentions(word) for word in wanted.words.split()[:8]))


def _effective(now: datetime) -> list[ColumnElement[bool]]:
    """The rule `is_effective`, for the database."""
    suspended, until = col(Institution.suspended_at), col(Institution.suspended_until)
    return [
        or_(suspended.is_(None), suspended > now, until <= now),
        *_dates(now),
    ]


def _dates(now: datetime) -> list[ColumnElement[bool]]:
    return [
        condition
        for entry in (Institution, ServiceLocation)
        for condition in (
            col(entry.effective_at) <= now,
            or_(col(entry.ended_at).is_(None), col(entry.ended_at) > now),
        )
    ]


def _mentions(word: str) -> ColumnElement[bool]:
    place, owner = ServiceLocation, Institution
    texts = (
        *(place.name_en, place.name_tc, place.name_sc),
        *(place.address_en, place.address_tc, place.address_sc),
        *(owner.name_en, owner.name_tc, owner.name_sc, place.number, owner.number),
    )
    return or_(*(col(text).icontains(word, autoescape=True) for text in texts))


def locations_numbered(db: Session, numbers: Sequence[str]) -> list[Choice]:
    """The locations with these numbers, effective or not, in the order asked; unknown ones missing.

    Compared without their dashes, as people type them.
    """
    live = and_(col(Label.location_id) == col(ServiceLocation.id), col(Label.voided_at).is_(None))
    found = db.execute(
        select(ServiceLocation, Label)
        .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
        .join(Label, live, isouter=True)
        .options(contains_eager(ServiceLocation.institution))  # type: ignore[arg-type]
        .where(col(ServiceLocation.number).in_(numbers))
    )
    by_number = {normalise(place.number): Choice(place, label) for place, label in found}
    asked = dict.fromkeys(normalise(number) for number in numbers)
    return [by_number[number] for number in asked if number in by_number]


def batch_referenced(db: Session, reference: str) -> LabelBatch:
    """The batch with this reference, typed carelessly or not.

    Raises:
        NotHere: there is none.
    """
    wanted = select(LabelBatch).where(col(LabelBatch.reference) == normalise(reference))
    if (found := db.scalars(wanted).one_or_none()) is None:
        raise NotHere
    return found


def batches(db: Session, limit: int = 100) -> Sequence[LabelBatch]:
    """The newest first."""
    newest = select(LabelBatch).order_by(col(LabelBatch.ordered_at).desc(), col(LabelBatch.id))
    return db.scalars(newest.limit(limit)).all()


def labels_in(db: Session, batch: LabelBatch) -> list[Label]:
    """The labels a batch prints, in its order, with their places: one statement."""
    found = db.scalars(
        select(Label)
        .join(LabelPrint, col(LabelPrint.label_id) == col(Label.id))
        .join(ServiceLocation, col(ServiceLocation.id) == col(Label.location_id))
        .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
        .options(
            contains_eager(Label.location).contains_eager(  # type: ignore[arg-type]
                ServiceLocation.institution  # type: ignore[arg-type]
            )
        )
        .where(col(LabelPrint.batch_id) == batch.id)
        .order_by(col(LabelPrint.position))
    )
    return list(found)


@dataclass(frozen=True, slots=True)
class Life:
    """A label of a location: how many copies were printed, how often it was checked."""

    label: Label
    copies: int
    checks: int


def life_of(db: Session, location: ServiceLocation) -> list[Life]:
    """All labels the location ever had, the newest first."""
    copies = (
        select(func.count(col(LabelPrint.id)))
        .join(LabelBatch, col(LabelBatch.id) == col(LabelPrint.batch_id))
        .where(col(LabelPrint.label_id) == col(Label.id), col(LabelBatch.drawn_at).is_not(None))
        .scalar_subquery()
    )
    checks = (
        select(func.coalesce(func.sum(col(LabelCheck.times)), 0))
        .where(col(LabelCheck.label_id) == col(Label.id))
        .scalar_subquery()
    )
    found = db.execute(
        select(Label, copies, checks)
        .where(col(Label.location_id) == location.id)
        .order_by(col(Label.id).desc())
    )
    return [Life(*row) for row in found]


def label_checked(db: Session, serial: str) -> Label | None:
    """The label with this serial and its place, in one statement; None if none is ours."""
    return db.scalars(
        select(Label)
        .join(ServiceLocation, col(ServiceLocation.id) == col(Label.location_id))
        .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
        .options(
            contains_eager(Label.location).contains_eager(  # type: ignore[arg-type]
                ServiceLocation.institution  # type: ignore[arg-type]
            )
        )
        .where(col(Label.serial) == serial)
    ).one_or_none()
