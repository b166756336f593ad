"""Reading certificates. A finder proves the right: not yours and not there are the same."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from portal.certificates.models import Authority, Certificate, RevocationList
from portal.certificates.rules import CRL_LASTS, Shown
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation


def of_location(db: Session, location: ServiceLocation) -> Sequence[Certificate]:
    """All certificates the place ever asked for, the newest first."""
    asked = select(Certificate).where(Certificate.location_id == location.id)
    return db.exec(asked.order_by(col(Certificate.id).desc())).all()


def with_serial(db: Session, serial: int) -> Certificate | None:
    """The certificate of that serial, reserved or issued; None if it is none of ours."""
    wanted = select(Certificate).where(Certificate.serial == f"{serial:032x}")
    return db.exec(wanted).one_or_none()


def shown(db: Session, der: bytes, serial: int) -> tuple[Certificate, Shown] | None:
    """What is on record of a certificate somebody holds out: one statement, nothing remembered.

    None unless it is, byte for byte, one that we issued.
    """
    wanted = (
        select(
            Certificate,
            ServiceLocation.ended_at,
            Institution.ended_at,
            Institution.suspended_at,
        )
        .join(ServiceLocation, col(ServiceLocation.id) == col(Certificate.location_id))
        .join(Institution, col(Institution.id) == col(ServiceLocation.institution_id))
        .where(Certificate.serial == f"{serial:032x}")
    )
    found = db.exec(wanted).one_or_none()
    if found is None or found[0].certificate != der:
        return None
    certificate, location_ended_at, institution_ended_at, suspended_at = found
    assert certificate.not_before and certificate.not_after
    return certificate, Shown(
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        revoked_at=certificate.revoked_at,
        location_ended_at=location_ended_at,
        institution_ended_at=institution_ended_at,
        suspended_at=suspended_at,
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
