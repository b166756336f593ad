"""Reading certificates. A finder proves the right: not yours and not there are the same."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from portal.certificates.models import Authority, Certificate, RevocationList
from portal.certificates.rules import CRL_LASTS, Shown
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation


def of_location(db: Session, location: ServiceLocation) -> Sequence[Certificate]:
    """All certificates the place ever asked for, the newest first."""
    asked = select(Certificate).where(Certificate.location_id == location.id)
    return db.exec(asked.order_by(col(Certificate.id).desc())).all()


def newest_certificates(
    db: Session, location: ServiceLocation | None = None, limit: int = 1000
) -> Sequence[Certificate]:
    """The newest requests, of everybody or of one place."""
    wanted = select(Certificate)
    if location is not None:
        wanted = wanted.where(Certificate.location_id == location.id)
    return db.exec(wanted.order_by(col(Certificate.id).desc()).limit(limit)).all()


def requested(db: Session, number: int) -> Certificate:
    """The certificate that was asked for under this number.

    Raises:
        NotHere: nothing was.
    """
    if (found := db.get(Certificate, number)) is None:
        raise NotHere
    return found


def with_serial(db: Session, serial: int) -> Certificate | None:
    """The certificate of that serial, reserved or issued; None if it is none of ours."""
    wanted = select(Certificate).where(Certificate.serial == f"{serial:032x}")
    return db.exec(wanted).one_or_none()


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that somebody holds out, whose place it is for, and what is on record."""

    id: int
    serial: str
    first_used_at: datetime | None
    location_id: int
    location: str
    institution_id: int
    institution: str
    shown: Shown


# Asked with every request of a place: built once, and without the ORM it costs a third.
SHOWN: Select[*tuple[Any, ...]] = (
    columns(
        col(Certificate.id),
        col(Certificate.serial),
        col(Certificate.certificate),
        col(Certificate.first_used_at),
        col(Certificate.not_before),
        col(Certificate.not_after),
        col(Certificate.revoked_at),
        col(Certificate.location_id),
        col(ServiceLocation.number).label("location"),
        col(ServiceLocation.ended_at).label("location_ended_at"),
        col(ServiceLocation.institution_id),
        col(Institution.number).label("institution"),
        col(Institution.ended_at).label("institution_ended_at"),
        col(Institution.effective_at).label("institution_effective_at"),
        col(Institution.suspended_at),
        col(Institution.suspended_until),
    )
    .join(ServiceLocation, col(ServiceLocation.id) == col(Certificate.location_id))
    .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
    .where(col(Certificate.serial) == bindparam("wanted"))
)
OF_SHOWN = tuple(each.name for each in fields(Shown))


def shown(db: Session, der: bytes, serial: int) -> Held | None:
    """What is on record of a certificate somebody holds out: one statement, nothing remembered.

    None unless it is, byte for byte, one that we issued.
    """
    found = db.connection().execute(SHOWN, {"wanted": f"{serial:032x}"}).one_or_none()
    if found is None or found.certificate != der:
        return None
    return Held(
        id=found.id,
        serial=found.serial,
        first_used_at=found.first_used_at,
        location_id=found.location_id,
        location=found.location,
        institution_id=found.institution_id,
        institution=found.institution,
        shown=Shown(**{name: getattr(found, name) for name in OF_SHOWN}),
    )


Revoked = tuple[str, datetime, str]
"""An entry of a list: serial in hexadecimal, when, why."""


def revoked_by(db: Session, authority: Authority, now: datetime) -> list[Revoked]:
    """The authority's certificates that are revoked and would still hold otherwise, by serial.

    One that has ended stays for as long as a list lasts (RFC 5280 §3.3: until it was on one
    that was signed after its end).
    """
    wanted = select(
        Certificate.serial, Certificate.revoked_at, Certificate.revocation_reason
    ).where(
        Certificate.authority_id == authority.id,
        col(Certificate.serial).is_not(None),
        col(Certificate.revoked_at).is_not(None),
        col(Certificate.not_after) > now - CRL_LASTS,
    )
    return [tuple(row) for row in db.exec(wanted.order_by(col(Certificate.serial)))]  # type: ignore[misc]


def authority_numbered(db: Session, authority_id: int) -> Authority:
    """An issuing authority, present or retired.

    Raises:
        NotHere: there is none of that number.
    """
    if (found := db.get(Authority, authority_id)) is None:
        raise NotHere
    return found


def newest_list(db: Session, authority: Authority) -> RevocationList:
    """The newest signed list of an authority.

    Raises:
        NotHere: none was signed yet.
    """
    if (found := db.get(RevocationList, authority.id)) is None:
        raise NotHere
    return found
