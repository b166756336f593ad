"""Reading what an institution has to set up: its case, its places, their certificates and notes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from portal.cases.models import Case
from portal.cases.rules import State
from portal.certificates.models import Certificate, InstallationCode, SetUpNote
from portal.certificates.rules import Side, Stage, stage, stage_of_place
from portal.infra.guards import May, Who
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation
from portal.registry.queries import institution_numbered
from portal.registry.rules import LOCATION, as_number

PAGE = 20
"""Places on one page of the checklist."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An institution as this person may see it: from which side, and its case, if it has one."""

    institution: Institution
    case: Case | None
    side: Side

    @property
    def by_office(self) -> bool:
        return self.side is Side.OFFICE


@dataclass(frozen=True, slots=True)
class Place:
    """A service location with where its certificates are, and what was noted of it, by item."""

    location: ServiceLocation
    stage: Stage
    notes: dict[str, SetUpNote]


def desk(db: Session, number: str, who: Who) -> Desk:
    """The institution with this number, for its applicant or for staff.

    Raises:
        NotHere: there is none, or it is not this person's to see.
    """
    institution = institution_numbered(db, number)
    office = who.may(May.REVIEW_APPLICATIONS)
    case = case_of(db, institution, None if office else who.id)
    if case is None and not office:
        raise NotHere
    return Desk(institution, case, Side.OFFICE if office else Side.INSTITUTION)


def case_of(db: Session, institution: Institution, applicant_id: int | None = None) -> Case | None:
    """The accepted or registered case the institution came by; of that person, if one is named."""
    wanted = select(Case).where(
        Case.institution_id == institution.id,
        col(Case.state).in_([State.ACCEPTED, State.REGISTERED]),
    )
    if applicant_id is not None:
        wanted = wanted.where(Case.applicant_id == applicant_id)
    return db.exec(wanted.order_by(col(Case.id).desc())).first()


def place_of(db: Session, desk: Desk, number: str) -> ServiceLocation:
    """The place of that number, if it is this institution's.

    Raises:
        NotHere: it is not.
    """
    wanted = select(ServiceLocation).where(
        ServiceLocation.institution_id == desk.institution.id,
        ServiceLocation.number == as_number(number, LOCATION),
    )
    if (found := db.exec(wanted).one_or_none()) is None:
        raise NotHere
    return found


def certificate_of_place(db: Session, location: ServiceLocation, number: int) -> Certificate:
    """The place's certificate with that number.

    Raises:
        NotHere: it is none of this place.
    """
    wanted = select(Certificate).where(
        Certificate.id == number, Certificate.location_id == location.id
    )
    if (found := db.exec(wanted).one_or_none()) is None:
        raise NotHere
    return found


def count_places(db: Session, institution: Institution, now: datetime) -> tuple[int, int]:
    """How many places the institution has, and how many of them are connected."""
    connected = func.count(col(ServiceLocation.certificate_installed_at))
    wanted = select(func.count(), connected).where(*_still_there(institution, now))
    total, installed = db.exec(wanted).one()
    return total, installed


def places(
    db: Session,
    institution: Institution,
    *,
    first: int,
    now: datetime,
    real: datetime,
    size: int = PAGE,
) -> list[Place]:
    """A page of the institution's places in the order of entry: three statements, however many.

    `now` says which have left the register, `real` where their certificates are.
    """
    wanted = select(ServiceLocation).where(*_still_there(institution, now))
    found = db.exec(wanted.order_by(col(ServiceLocation.id)).offset(first).limit(size)).all()
    ids = [location.id or 0 for location in found]
    stages, notes = _stages(db, ids, real), notes_of(db, ids)
    return [
        Place(location, stage_of_place(stages[location.id or 0]), notes[location.id or 0])
        for location in found
    ]


def notes_of(db: Session, location_ids: Sequence[int]) -> dict[int, dict[str, SetUpNote]]:
    """What was noted of these places, by place and item."""
    found: dict[int, dict[str, SetUpNote]] = defaultdict(dict)
    wanted = select(SetUpNote).where(col(SetUpNote.location_id).in_(location_ids))
    for note in db.exec(wanted):
        found[note.location_id][note.item] = note
    return found


def live_code(
    db: Session, institution: Institution, now: datetime, *, hold: bool = False
) -> InstallationCode | None:
    """The code that fetches keys now; None if none does. `hold`: till the transaction's end."""
    wanted = select(InstallationCode).where(
        InstallationCode.institution_id == institution.id,
        col(InstallationCode.voided_at).is_(None),
        InstallationCode.expires_at > now,
    )
    newest = wanted.order_by(col(InstallationCode.id).desc()).limit(1)
    newest = newest.with_for_update() if hold else newest
    return db.exec(newest.execution_options(populate_existing=True)).first()


def _still_there(institution: Institution, now: datetime) -> tuple[ColumnElement[bool], ...]:
    ended = col(ServiceLocation.ended_at)
    owned = col(ServiceLocation.institution_id) == institution.id
    return owned, or_(ended.is_(None), ended > now)


def _stages(db: Session, location_ids: Sequence[int], real: datetime) -> dict[int, list[Stage]]:
    """The stages of each place's certificates, the newest first, without their bytes."""
    found: dict[int, list[Stage]] = defaultdict(list)
    wanted = select(Certificate).where(col(Certificate.location_id).in_(location_ids))
    narrow = load_only(
        *(
            getattr(Certificate, name)
            for name in (
                "location_id",
                "refused",
                "not_after",
                "issued_at",
                "first_used_at",
                "revoked_at",
            )  # fmt: skip
        )
    )
    for held in db.exec(wanted.options(narrow).order_by(col(Certificate.id).desc())):
        found[held.location_id].append(stage(held, real))
    return found
