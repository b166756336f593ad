"""What is done to the register: entering, making effective, changing, ending. All of it audited."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from portal.infra.audit import record
from portal.infra.tickets import Job, enqueue
from portal.kernel.identifiers import new_code
from portal.kernel.problems import Refused
from portal.kernel.text import N_
from portal.registry.index import index_institution, index_location
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import CODE_LENGTH, INSTITUTION, LOCATION, Standing, numbered, standing

INSTITUTION_PARTICULARS = frozenset({"name_en", "name_tc", "name_sc", "kind", "phone"})
LOCATION_PARTICULARS = frozenset(
    {
        *("name_en", "name_tc", "name_sc", "address_en", "address_tc", "address_sc"),
        *("district", "phone", "registers_patients"),
    }
)


def enter_institution(
    db: Session,
    *,
    kind: str,
    name_en: str = "",
    name_tc: str = "",
    name_sc: str = "",
    phone: str = "",
    source: str = "",
    external_id: str | None = None,
    by: str,
    now: datetime,
) -> Institution:
    """Enter an accepted institution under a fresh number. The public sees it once effective."""
    institution = Institution(
        number=_fresh_number(db, INSTITUTION, col(Institution.number)),
        kind=kind,
        name_en=name_en,
        name_tc=name_tc,
        name_sc=name_sc,
        phone=phone,
        registered_at=now,
        source=source,
        external_id=external_id,
    )
    db.add(institution)
    db.flush()
    record(db, "institution.entered", by=by, at=now, subject=institution.number)
    return institution


def enter_location(
    db: Session,
    institution: Institution,
    *,
    district: str,
    name_en: str = "",
    name_tc: str = "",
    name_sc: str = "",
    address_en: str = "",
    address_tc: str = "",
    address_sc: str = "",
    phone: str = "",
    registers_patients: bool = False,
    source: str = "",
    external_id: str | None = None,
    by: str,
    now: datetime,
) -> ServiceLocation:
    """Enter a service location of `institution` under a fresh number; public once effective.

    Raises:
        Refused: the institution has left the register.
    """
    _still_here(institution, now)
    assert institution.id is not None
    location = ServiceLocation(
        number=_fresh_number(db, LOCATION, col(ServiceLocation.number)),
        institution_id=institution.id,
        district=district,
        name_en=name_en,
        name_tc=name_tc,
        name_sc=name_sc,
        address_en=address_en,
        address_tc=address_tc,
        address_sc=address_sc,
        phone=phone,
        registers_patients=registers_patients,
        source=source,
        external_id=external_id,
    )
    db.add(location)
    db.flush()
    record(
        db,
        "location.entered",
        by=by,
        at=now,
        subject=location.number,
        institution=institution.number,
    )
    return location


def confirm_certificate(db: Session, location: ServiceLocation, *, by: str, now: datetime) -> None:
    """Note that the place's certificate is installed. Its first day counts; again is no change."""
    if location.certificate_installed_at is None:
        location.certificate_installed_at = now
        db.add(location)
        record(db, "location.certificate_installed", by=by, at=now, subject=location.number)


def make_effective(
    db: Session,
    institution_id: int,
    *,
    effective_at: datetime,
    connected_only: bool = False,
    by: str,
    now: datetime,
) -> None:
    """The institution and its places count as registered from `effective_at` on.

    `connected_only`: of its places, those whose certificate is installed; the others follow one
    by one. The instant may lie ahead: the search shows them when it comes. What is effective
    already keeps its day. Indexed at once, in this transaction.

    Raises:
        Refused: the institution has left the register.
    """
    institution = db.get_one(Institution, institution_id)
    _still_here(institution, now)
    if institution.effective_at is None:
        institution.effective_at = effective_at
        record(db, "institution.effective", by=by, at=now, subject=institution.number)
    db.add(institution)
    for location in institution.locations:
        waits = connected_only and location.certificate_installed_at is None
        if standing(location, now) is not Standing.ENDED and not waits:
            _make_place_effective(db, location, effective_at, by, now)
    index_institution(db, institution, now=now)


def make_location_effective(
    db: Session, location: ServiceLocation, *, effective_at: datetime, by: str, now: datetime
) -> None:
    """One more place of an effective institution counts from `effective_at` on.

    Raises:
        Refused: the place or its institution has left the register.
    """
    institution = db.get_one(Institution, location.institution_id)
    _still_here(institution, now)
    _still_here(location, now)
    _make_place_effective(db, location, effective_at, by, now)
    index_location(db, location, now=now)


def _make_place_effective(
    db: Session, location: ServiceLocation, effective_at: datetime, by: str, now: datetime
) -> None:
    if location.effective_at is None:
        location.effective_at = effective_at
        db.add(location)
        record(db, "location.effective", by=by, at=now, subject=location.number)


def _still_here(entry: Institution | ServiceLocation, now: datetime) -> None:
    if standing(entry, now) is Standing.ENDED:
        raise Refused(N_("This entry has left the register"))


def _revoke_certificates(db: Session, institution: Institution, why: str, at: datetime) -> None:
    once = f"revoke:{institution.number}:{why}:{at.isoformat()}"
    enqueue(db, Job.REVOKE_CERTIFICATES, once=once, due=at, institution_id=institution.id or 0)


def end_location(
    db: Session, location: ServiceLocation, *, at: datetime, reason: str, by: str, now: datetime
) -> None:
    """The place leaves the register at the instant `at`, now or ahead. `reason` is a short key."""
    location.ended_at = at
    db.add(location)
    record(db, "location.ended", by=by, at=now, subject=location.number, reason=reason)
    once = f"revoke:{location.number}:ended:{at.isoformat()}"
    enqueue(db, Job.REVOKE_CERTIFICATES, once=once, due=at, location_id=location.id or 0)
    index_location(db, location, now=now)


def end_institution(
    db: Session, institution: Institution, *, at: datetime, reason: str, by: str, now: datetime
) -> None:
    """The institution leaves the register at the instant `at`, and with it all its places."""
    institution.ended_at = at
    db.add(institution)
    record(db, "institution.ended", by=by, at=now, subject=institution.number, reason=reason)
    _revoke_certificates(db, institution, "ended", at)
    index_institution(db, institution, now=now)


def change_institution(
    db: Session, institution: Institution, particulars: Mapping[str, Any], *, by: str, now: datetime
) -> None:
    """Put other particulars in place: names, kind, telephone."""
    if changed := _change(institution, particulars, INSTITUTION_PARTICULARS):
        db.add(institution)
        _record_change(db, "institution.changed", institution.number, changed, by, now)
        index_institution(db, institution, now=now)


def change_location(
    db: Session,
    location: ServiceLocation,
    particulars: Mapping[str, Any],
    *,
    by: str,
    now: datetime,
) -> None:
    """Put other particulars of a place in place: names, address, district, telephone."""
    if changed := _change(location, particulars, LOCATION_PARTICULARS):
        db.add(location)
        _record_change(db, "location.changed", location.number, changed, by, now)
        index_location(db, location, now=now)


def _change(
    entry: Institution | ServiceLocation, particulars: Mapping[str, Any], allowed: frozenset[str]
) -> list[str]:
    assert particulars.keys() <= allowed, particulars.keys() - allowed
    changed = sorted(key for key, value in particulars.items() if getattr(entry, key) != value)
    for key in changed:
        setattr(entry, key, particulars[key])
    return changed


def _record_change(
    db: Session, action: str, number: str, changed: list[str], by: str, now: datetime
) -> None:
    record(db, action, by=by, at=now, subject=number, fields=" ".join(changed))


def _fresh_number(db: Session, prefix: str, column: Any) -> str:
    """A number nobody has. Two transactions drawing the same at once: the constraint decides."""
    while True:
        number = numbered(prefix, new_code(CODE_LENGTH))
        if db.scalar(select(column).where(column == number)) is None:
            return number
