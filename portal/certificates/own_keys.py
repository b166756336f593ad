"""Keys of ours that an authority certified: they answer OCSP and sign papers, kept sealed.

Answers and papers are many and come at any moment, while the issuing key signs rarely and by a
job: so it lends its trust to keys that can do nothing else.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from sqlmodel import Session, col, select

from portal.certificates.authorities import authorities, certificate_of
from portal.certificates.issuing import PORTAL, signed, subject_named
from portal.certificates.keys import KeyRefused, KeyUnavailable
from portal.certificates.linting import judged_copy
from portal.certificates.models import Authority, OwnKey
from portal.certificates.profiles import own_certificate
from portal.certificates.rules import BACKDATED, OWN_KEYS_LAST, Purpose
from portal.infra.audit import record
from portal.infra.db import apart
from portal.infra.small_secrets import seal, unseal

SEALED = "own key"
TITLES = {Purpose.OCSP: "eHealth OCSP", Purpose.PAPERS: "eHealth Registration Office"}


@dataclass(frozen=True, slots=True)
class Opened:
    """A key ready to sign, with its certificate."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def opened(
    db: Session, authority_id: int | None, purpose: Purpose, real: datetime
) -> Opened | None:
    """The newest certified key that is valid now; None if there is none."""
    found = newest(db, authority_id, purpose)
    if found is None or not found.certificate or not found.not_before <= real < found.not_after:
        return None
    key = load_der_private_key(unseal(SEALED, found.sealed_key), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Opened(x509.load_der_x509_certificate(found.certificate), key)


def newest(db: Session, authority_id: int | None, purpose: Purpose) -> OwnKey | None:
    """The newest certified key of this purpose."""
    wanted = select(OwnKey).where(
        OwnKey.authority_id == authority_id,
        OwnKey.purpose == purpose,
        col(OwnKey.certificate).is_not(None),
    )
    return db.exec(wanted.order_by(col(OwnKey.id).desc()).limit(1)).one_or_none()


def renew(*, real: datetime) -> int:
    """Make and certify every key that is wanted or half through its life; how many.

    Transactions of its own: the caller must hold none. One authority's lost key keeps nothing
    of the others back.

    Raises:
        KeyUnavailable: an issuing key cannot be reached; what is reserved is signed next time.
    """
    with apart() as db:
        unfinished = select(OwnKey).where(col(OwnKey.certificate).is_(None))
        begun = list(db.exec(unfinished.order_by(col(OwnKey.id))))
        told = {(each.authority_id, each.purpose) for each in begun}
        wanted = [(a, purpose) for a, purpose in _wanted(db, real) if (a.id, purpose) not in told]
    reserved = [_reserve(authority, purpose, real) for authority, purpose in wanted]
    left = [
        gone
        for number in [*(each.id or 0 for each in begun), *reserved]
        if (gone := _certify_or_leave(number, real))
    ]
    if left:
        raise left[0]
    return len(begun) + len(wanted)


def _certify_or_leave(number: int, real: datetime) -> KeyUnavailable | None:
    """Why it could not be done, to be raised after the others' turn."""
    try:
        _certify(number, real)
    except KeyRefused:
        # The others' keys are in the same token.
        raise
    except KeyUnavailable as gone:
        return gone
    return None


def _wanted(db: Session, real: datetime) -> list[tuple[Authority, Purpose]]:
    return [
        (authority, purpose)
        for authority in authorities(db)
        for purpose in Purpose
        # A retired authority answers on for what it issued; papers are the present one's.
        if purpose is Purpose.OCSP or authority.active
        if certificate_of(authority).not_valid_after_utc - real > BACKDATED
        if _is_due(newest(db, authority.id, purpose), real)
    ]


def _is_due(present: OwnKey | None, real: datetime) -> bool:
    if present is None:
        return True
    return real >= present.not_before + (present.not_after - present.not_before) / 2


def _reserve(authority: Authority, purpose: Purpose, real: datetime) -> int:
    issuer = certificate_of(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    began = real.replace(microsecond=0)
    ends = min(began + OWN_KEYS_LAST[purpose], issuer.not_valid_after_utc)
    serial = secrets.randbits(127) | (1 << 126)
    builder = own_certificate(
        key.public_key(),
        TITLES[purpose],
        purpose,
        subject_named("", _organization(issuer), authority),
        issuer=issuer,
        serial=serial,
        not_before=began - BACKDATED,
        not_after=ends,
    )
    tbs = judged_copy(builder, issuer.public_key().key_size).tbs_certificate_bytes  # type: ignore[union-attr]
    reserved = OwnKey(
        authority_id=authority.id or 0,
        purpose=purpose,
        sealed_key=seal(
            SEALED, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
        serial=f"{serial:032x}",
        not_before=began - BACKDATED,
        not_after=ends,
        tbs=tbs,
        tbs_sha256=hashlib.sha256(tbs).hexdigest(),
    )
    with apart() as db:
        db.add(reserved)
        db.flush()
        record(
            db, "own_key.reserved", by=PORTAL, at=real, subject=f"certificate:{reserved.serial}",
            purpose=str(purpose), tbs_sha256=reserved.tbs_sha256,
        )  # fmt: skip
    return reserved.id or 0


def _certify(number: int, real: datetime) -> None:
    with apart() as db:
        reserved = db.get_one(OwnKey, number)
        authority = db.get_one(Authority, reserved.authority_id)
    assert hashlib.sha256(reserved.tbs).hexdigest() == reserved.tbs_sha256
    der = signed(reserved.tbs, authority)
    with apart() as db:
        kept = db.get_one(OwnKey, number)
        kept.certificate = der
        db.add(kept)
        record(
            db, "own_key.certified", by=PORTAL, at=real, subject=f"certificate:{kept.serial}",
        )  # fmt: skip


def _organization(issuer: x509.Certificate) -> str:
    [found] = issuer.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    return str(found.value)
