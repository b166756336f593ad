"""Reading for what goes on by itself: lists that are due, certificates that end, whom to tell."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from portal.accounts.models import Person
from portal.cases.models import Case
from portal.certificates.authorities import certificate_of
from portal.certificates.models import Authority, Certificate, OwnKey, RevocationList
from portal.certificates.rules import CRL_EVERY, REMINDERS, crl_is_stale
from portal.kernel.problems import NotHere
from portal.registry.models import Institution, ServiceLocation
from portal.registry.queries import institution_numbered


def own_key_with_serial(db: Session, serial: int) -> OwnKey | None:
    """The key of ours that was certified under that serial."""
    return db.exec(select(OwnKey).where(OwnKey.serial == f"{serial:032x}")).one_or_none()


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
