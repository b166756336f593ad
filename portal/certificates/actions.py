"""What people do with certificates: ask for one, and have one revoked."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import func, or_, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.certificates.models import Certificate
from portal.certificates.rules import Reason, Way
from portal.certificates.signing_requests import fingerprint_of
from portal.infra.audit import record
from portal.infra.small_secrets import seal
from portal.infra.tickets import Job, enqueue
from portal.kernel.problems import Refused
from portal.kernel.text import N_
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, is_suspended, standing

SEALED_KEY = "certificate key"
REUSED = N_("This key was used for a certificate before. Make a new key for each certificate")
MOST_OPEN = 5
"""Requests of one place that are not issued, or not fetched: each may hold a sealed key."""
ENOUGH = N_(
    "There are unfinished requests of this service location already. Fetch or revoke one of them"
)
GONE = N_("This service location has left the register")


def ask(
    db: Session,
    location: ServiceLocation,
    *,
    way: Way,
    spki: bytes,
    asked: str,
    by: str,
    now: datetime,
    real: datetime,
    sealed_key: bytes | None = None,
) -> Certificate:
    """Ask for a certificate over this public key; a job issues it. Asked twice, made once.

    `asked` is the name of the form that asked: the same form sent again finds its certificate.

    Raises:
        Refused: the key was used before, the place has left the register, or too many requests
            of it are unfinished.
    """
    institution = db.get_one(Institution, location.institution_id)
    if Standing.ENDED in (standing(location, now), standing(institution, now)):
        raise Refused(GONE)
    if is_suspended(institution, now):
        raise Refused(N_("The registration of this institution is suspended"))
    before = db.exec(select(Certificate).where(Certificate.asked == asked)).one_or_none()
    if before is not None and before.location_id == location.id:
        return before
    if _unfinished(db, location) >= MOST_OPEN:
        raise Refused(ENOUGH)
    wanted = Certificate(
        location_id=location.id or 0,
        way=way,
        asked=asked,
        spki=spki,
        spki_sha256=fingerprint_of(spki),
        sealed_key=sealed_key,
        requested_by=by,
        requested_at=real,
    )
    _add(db, wanted)
    record(
        db, "certificate.requested", by=by, at=now, subject=location.number, way=str(way),
        request=wanted.id,
    )  # fmt: skip
    enqueue(
        db, Job.ISSUE_CERTIFICATE, once=f"certificate:{wanted.id}",
        certificate_id=wanted.id or 0,
    )  # fmt: skip
    return wanted


def ask_for_made_key(
    db: Session,
    location: ServiceLocation,
    *,
    asked: str,
    by: str,
    now: datetime,
    real: datetime,
) -> Certificate:
    """Ask for a certificate over a key that we make (P-256) and keep sealed until it is fetched.

    Raises:
        Refused: the place has left the register.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return ask(
        db, location, way=Way.PKCS12, spki=spki, sealed_key=seal(SEALED_KEY, secret),
        asked=asked, by=by, now=now, real=real,
    )  # fmt: skip


def _unfinished(db: Session, location: ServiceLocation) -> int:
    """Requests that are not issued or whose key is not fetched; the place is held while we count,
    so of two that come at once the second sees the first."""
    place = select(ServiceLocation.id).where(ServiceLocation.id == location.id)
    db.exec(place.with_for_update(key_share=True)).one()
    open_ones = select(func.count()).where(
        col(Certificate.location_id) == location.id,
        or_(col(Certificate.certificate).is_(None), col(Certificate.sealed_key).is_not(None)),
        col(Certificate.refused) == "",
        col(Certificate.revoked_at).is_(None),
    )
    return db.exec(open_ones).one()


def forget_sealed_keys(db: Session, *, real: datetime) -> None:
    """Forget keys nobody fetched whose certificate has ended, was revoked or will not come."""
    over = or_(
        col(Certificate.not_after) <= real,
        col(Certificate.revoked_at).is_not(None),
        col(Certificate.refused) != "",
    )
    db.exec(
        update(Certificate)
        .where(col(Certificate.sealed_key).is_not(None), over)
        .values(sealed_key=None)
    )


def _add(db: Session, wanted: Certificate) -> None:
    """The constraint decides whether a key is new: two requests at once cannot both pass."""
    try:
        with db.begin_nested():
            db.add(wanted)
    except IntegrityError as error:
        raise Refused(REUSED) from error


def revoke(
    db: Session, certificate: Certificate, *, reason: Reason, by: str, now: datetime, real: datetime
) -> bool:
    """Revoke a certificate for good, from the next request on; others learn it by the list.

    A request that was not issued yet will not be. False: it was revoked before.
    """
    wanted = select(Certificate).where(Certificate.id == certificate.id).with_for_update()
    held = db.exec(wanted.execution_options(populate_existing=True)).one()
    if held.revoked_at is not None:
        return False
    held.revoked_at, held.revocation_reason, held.revoked_by = real, reason, by
    held.sealed_key = None
    db.add(held)
    record(
        db, "certificate.revoked", by=by, at=now, subject=f"certificate:{held.serial or held.id}",
        reason=str(reason),
    )  # fmt: skip
    if held.serial is not None:
        enqueue(db, Job.SIGN_LISTS, once=f"lists:revoked:{held.id}")
        enqueue(db, Job.TELL_OF_REVOCATION, once=f"revoked:{held.id}", certificate_id=held.id or 0)
    return True


def revoke_all(
    db: Session,
    location_ids: list[int],
    *,
    reason: Reason,
    by: str,
    now: datetime,
    real: datetime,
    until: datetime | None = None,
) -> int:
    """Revoke every certificate of these places, or those asked for `until` then; how many."""
    wanted = select(Certificate).where(
        col(Certificate.location_id).in_(location_ids), col(Certificate.revoked_at).is_(None)
    )
    found = db.exec(wanted.where(col(Certificate.requested_at) <= until) if until else wanted).all()
    return sum(revoke(db, each, reason=reason, by=by, now=now, real=real) for each in found)


def as_pem(*certificates: bytes) -> bytes:
    """Certificates (DER) one after the other in PEM."""
    read = (x509.load_der_x509_certificate(der) for der in certificates)
    return b"".join(each.public_bytes(Encoding.PEM) for each in read)
