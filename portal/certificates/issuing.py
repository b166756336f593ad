"""From a request to a certificate: reserve, judge, sign, keep. Nothing is signed unrecorded.

The order is Boulder's (docs/ISSUANCE-CYCLE.md): what is planned is on record, whole, before the
key touches it, so that a crash at any moment leaves nothing that we do not know of.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from flask import url_for
from sqlmodel import Session, select

from portal.certificates.authorities import active_authority, certificate_of
from portal.certificates.keys import signer
from portal.certificates.linting import Unsound, judged_copy
from portal.certificates.models import Authority, Certificate
from portal.certificates.profiles import Subject, location_certificate
from portal.certificates.rules import BACKDATED
from portal.infra.audit import AuditEntry, record
from portal.infra.db import apart
from portal.infra.settings import settings
from portal.kernel.text import N_
from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import Standing, is_suspended, standing

PORTAL = "portal"
"""Who the audit names when a job did it."""
RESERVED = "certificate.reserved"
PLACE_GONE = N_("The service location has left the register")
SUSPENDED = N_("The registration of this institution is suspended")
UNSOUND = N_("The certificate would not have been sound; the Registration Office has been told")


class Changed(Exception):
    """What is on record to be signed is not what was reserved: somebody changed the database."""


def reserve(certificate_id: int, *, real: datetime, today: datetime) -> bool:
    """Put serial, validity and the very bytes to be signed on record, and keep that at once.

    A transaction of its own: the record must stand before there is a signature, whatever
    becomes of the job. Reserved before, it stays as it is. False: it will not be issued, and
    the row says why.

    Raises:
        Refused: there is no issuing authority.
        Unsound: what would be signed breaks a standard; nothing is reserved.
    """
    with apart() as db:
        wanted = _held(db, certificate_id)
        if wanted.tbs is not None or wanted.refused:
            return not wanted.refused
        if reason := _obstacle(db, wanted, today):
            _refuse(db, wanted, reason)
            return False
        _reserve(db, wanted, active_authority(db), real)
        return True


def _reserve(db: Session, wanted: Certificate, authority: Authority, real: datetime) -> None:
    issuer = certificate_of(authority)
    began = real.replace(microsecond=0)
    # Never beyond its issuer's own end.
    ends = min(began + timedelta(days=settings().certificate_days), issuer.not_valid_after_utc)
    serial = secrets.randbits(127) | (1 << 126)
    builder = location_certificate(
        wanted.spki,
        subject_of(db, wanted, authority),
        issuer=issuer,
        serial=serial,
        not_before=began - BACKDATED,
        not_after=ends,
    )
    public = issuer.public_key()
    assert isinstance(public, RSAPublicKey)
    wanted.tbs = judged_copy(builder, public.key_size).tbs_certificate_bytes
    wanted.tbs_sha256 = hashlib.sha256(wanted.tbs).hexdigest()
    wanted.serial, wanted.authority_id = f"{serial:032x}", authority.id
    wanted.not_before, wanted.not_after = began - BACKDATED, ends
    wanted.reserved_at = real
    db.add(wanted)
    record(
        db, RESERVED, by=PORTAL, at=real, subject=f"certificate:{wanted.serial}",
        tbs_sha256=wanted.tbs_sha256,
    )  # fmt: skip


def signature(db: Session, certificate_id: int) -> bytes:
    """The certificate whose bytes are on record, signed: DER. The same whenever it is asked for.

    Raises:
        KeyUnavailable: the issuing key cannot be reached; ask again later.
        Changed: the bytes are not those that were judged and reserved.
    """
    reserved = db.get_one(Certificate, certificate_id)
    authority = db.get_one(Authority, reserved.authority_id)
    return signed(_as_reserved(db, reserved), authority)


def _as_reserved(db: Session, reserved: Certificate) -> bytes:
    """The reserved bytes, if row and audit agree about them: the audit's entries are chained, so
    whoever changes a row cannot change what was said of it without being found out."""
    said = select(AuditEntry.details).where(
        AuditEntry.subject == f"certificate:{reserved.serial}",
        AuditEntry.action == RESERVED,
    )
    found = hashlib.sha256(reserved.tbs or b"").hexdigest()
    if {found, reserved.tbs_sha256} != {each["tbs_sha256"] for each in db.exec(said)}:
        raise Changed
    assert reserved.tbs is not None
    return reserved.tbs


def signed(tbs: bytes, authority: Authority) -> bytes:
    """`tbs` with the authority's signature, which was verified: DER."""
    made = signer(authority.key_label).sign(tbs)
    public = certificate_of(authority).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(made, tbs, PKCS1v15(), SHA256())
    whole = asn1.Certificate(
        {
            "tbs_certificate": asn1.TbsCertificate.load(tbs),
            "signature_algorithm": {"algorithm": "sha256_rsa"},
            "signature_value": made,
        }
    )
    return bytes(whole.dump())


def keep(db: Session, certificate_id: int, der: bytes, *, now: datetime) -> Certificate:
    """Put the signed certificate on record."""
    wanted = _held(db, certificate_id)
    assert x509.load_der_x509_certificate(der).tbs_certificate_bytes == wanted.tbs
    if wanted.certificate is None:
        wanted.certificate, wanted.issued_at = der, now
        db.add(wanted)
        record(
            db, "certificate.issued", by=PORTAL, at=now,
            subject=f"certificate:{wanted.serial}",
        )  # fmt: skip
    return wanted


def subject_of(db: Session, wanted: Certificate, authority: Authority) -> Subject:
    place = db.get_one(ServiceLocation, wanted.location_id)
    institution = db.get_one(Institution, place.institution_id)
    return subject_named(place.number, institution.number, authority)


def subject_named(location: str, institution: str, authority: Authority) -> Subject:
    """The two with the addresses at which one asks about what `authority` certified."""
    address, published = settings().pki_address, {"authority_id": str(authority.id)}
    return Subject(
        location=location,
        institution=institution,
        crl=address + url_for("pki.revocation_list", _external=False, **published),
        ocsp=address + url_for("pki.ocsp", _external=False),
        issuer=address + url_for("pki.authority", _external=False, **published),
    )


def _obstacle(db: Session, wanted: Certificate, today: datetime) -> str:
    """Why it must not be issued, as the register and the row stand now; "" if nothing speaks
    against it."""
    place = db.get_one(ServiceLocation, wanted.location_id)
    institution = db.get_one(Institution, place.institution_id)
    if Standing.ENDED in (standing(place, today), standing(institution, today)):
        return PLACE_GONE
    if is_suspended(institution, today):
        return SUSPENDED
    return PLACE_GONE if wanted.revoked_at is not None else ""


def _refuse(db: Session, wanted: Certificate, reason: str) -> None:
    # Nobody can fetch the key of a certificate that there will not be.
    wanted.refused, wanted.sealed_key = reason, None
    db.add(wanted)


def _held(db: Session, certificate_id: int) -> Certificate:
    wanted = select(Certificate).where(Certificate.id == certificate_id).with_for_update()
    return db.exec(wanted.execution_options(populate_existing=True)).one()


def refuse_unsound(db: Session, certificate_id: int, unsound: Unsound, *, now: datetime) -> None:
    """What the linter forbade is not tried again; staff see the finding, people a sentence."""
    wanted = _held(db, certificate_id)
    _refuse(db, wanted, UNSOUND)
    record(
        db, "certificate.unsound", by=PORTAL, at=now, subject=f"certificate-request:{wanted.id}",
        findings=str(unsound)[:500],
    )  # fmt: skip
