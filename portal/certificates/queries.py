"""Reading certificates. A finder proves the right: not yours and not there are the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from portal.accounts.models import Person
from portal.cases.models import Case
from portal.certificates.authorities import certificate_of
from portal.certificates.models import Authority, Certificate, OwnKey, RevocationList
from portal.certificates.rules import CRL_EVERY, CRL_LASTS, REMINDERS, Shown, crl_is_stale
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation
from portal.registry.queries import institution_numbered


def of_location(db: Session, location: ServiceLocation) -> Sequence[Certificate]:
    """All certificates the place ever asked for, the newest first."""
    asked = select(Certificate).where(Certificate.location_id == location.id)
    return db.exec(asked.order_by(col(Certificate.id).desc())).all()


def with_serial(db: Session, serial: int) -> Certificate | None:
    """The certificate of that serial, reserved or issued; None if it is none of ours."""
    wanted = select(Certificate).where(Certificate.serial == f"{serial:032x}")
    return db.exec(wanted).one_or_none()


def own_key_with_serial(db: Session, serial: int) -> OwnKey | None:
    """The key of ours that was certified under that serial."""
    return db.exec(select(OwnKey).where(OwnKey.serial == f"{serial:032x}")).one_or_none()


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


def without_fresh_list(db: Session, real: datetime) -> list[Authority]:
    """Authorities whose list is missing, or past half of its life: for the alarm."""
    found = select(Authority, RevocationList.this_update).join(
        RevocationList, col(RevocationList.authority_id) == col(Authority.id), isouter=True
    )
    return [
        authority
        for authority, signed in db.exec(found.order_by(col(Authority.id)))
        if certificate_of(authority).not_valid_after_utc > real
        if signed is None or crl_is_stale(signed, real)
    ]


def lists_due(db: Session, real: datetime) -> list[tuple[Authority, int]]:
    """Authorities whose list is to be signed anew by now, with the number of the present one."""
    found = select(Authority, RevocationList).join(
        RevocationList, col(RevocationList.authority_id) == col(Authority.id), isouter=True
    )
    return [
        (authority, signed.number if signed else 0)
        for authority, signed in db.exec(found.order_by(col(Authority.id)))
        if certificate_of(authority).not_valid_after_utc > real
        if signed is None or real - signed.this_update >= CRL_EVERY
    ]


def ending(db: Session, real: datetime) -> Sequence[tuple[Certificate, ServiceLocation]]:
    """Certificates within the first reminder of their end that have no successor, by their end.

    A successor is issued, not revoked, and lasts longer; whether it is installed, its place knows.
    """
    newer = aliased(Certificate)
    successor = (
        select(newer.id)
        .where(
            newer.location_id == Certificate.location_id,
            col(newer.certificate).is_not(None),
            col(newer.revoked_at).is_(None),
            col(newer.not_after) > col(Certificate.not_after),
        )
        .exists()
    )
    wanted = (
        select(Certificate, ServiceLocation)
        .join(ServiceLocation, col(ServiceLocation.id) == col(Certificate.location_id))
        .where(
            col(Certificate.certificate).is_not(None),
            col(Certificate.revoked_at).is_(None),
            col(Certificate.not_after) > real,
            col(Certificate.not_after) <= real + timedelta(days=max(REMINDERS)),
            ~successor,
        )
    )
    return db.exec(wanted.order_by(col(Certificate.not_after))).all()


def revoked_with(db: Session, certificate: Certificate) -> Sequence[ServiceLocation]:
    """The places of the same institution whose certificates were revoked in the same act."""
    place = db.get_one(ServiceLocation, certificate.location_id)
    wanted = (
        select(ServiceLocation)
        .join(Certificate, col(Certificate.location_id) == col(ServiceLocation.id))
        .where(
            ServiceLocation.institution_id == place.institution_id,
            Certificate.revoked_at == certificate.revoked_at,
            Certificate.revocation_reason == certificate.revocation_reason,
            col(Certificate.serial).is_not(None),
        )
    )
    return db.exec(wanted.order_by(col(ServiceLocation.id)).distinct()).all()


def correspondent(db: Session, institution_id: int) -> tuple[Case, Person] | None:
    """Who applied for the institution, and in which case; None if nobody may be written to."""
    wanted = (
        select(Case, Person)
        .join(Person, col(Person.id) == col(Case.applicant_id))
        .where(Case.institution_id == institution_id, col(Person.disabled_at).is_(None))
    )
    return db.exec(wanted.order_by(col(Case.id).desc()).limit(1)).one_or_none()


def applied_for(db: Session, number: str, person_id: int) -> Institution:
    """The institution of that number, for the person who applied for it.

    Raises:
        NotHere: there is none, or somebody else applied for it.
    """
    institution = institution_numbered(db, number)
    wanted = select(Case.id).where(
        Case.institution_id == institution.id, Case.applicant_id == person_id
    )
    if db.exec(wanted.limit(1)).one_or_none() is None:
        raise NotHere
    return institution
