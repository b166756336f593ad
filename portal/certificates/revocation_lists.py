"""The signed lists of revoked certificates, one for each issuing authority (RFC 5280 §5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from asn1crypto import crl as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import Session, select

from portal.certificates.authorities import authorities, certificate_of
from portal.certificates.keys import KeyRefused, KeyUnavailable, signer
from portal.certificates.linting import judge_list, throw_away_key
from portal.certificates.models import Authority, RevocationList
from portal.certificates.queries import Revoked, revoked_by
from portal.certificates.rules import CRL_LASTS
from portal.infra.audit import record
from portal.infra.db import apart

BEFORE = timedelta(minutes=5)
"""A list begins this long before it is made, for clocks that are behind."""
JUDGED = 50
"""Entries in the copy that is judged: all are made alike, and 20,000 would take minutes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A list that was judged and is to be signed: what it says, and after which it comes."""

    authority: Authority
    follows: int
    this_update: datetime
    entries: int
    tbs: bytes


class Overtaken(Exception):
    """Another list was published while this one was being signed; it may know less."""


def sign_list(db: Session, authority: Authority, *, real: datetime) -> None:
    """Sign this authority's list within the caller's transaction; the others' stay.

    Raises:
        KeyUnavailable: its key cannot be reached.
    """
    draft = _draft(db, authority, real)
    publish(db, draft, signed(draft.tbs, authority), real=real)


def sign_lists(*, real: datetime) -> None:
    """Sign each authority's list anew, retired ones' too while a certificate of theirs holds.

    Transactions of its own, one for each list: the caller must hold none. A list that cannot be
    signed keeps none of the others back.

    Raises:
        KeyUnavailable: an issuing key cannot be reached; that authority's present list stays.
        Overtaken: another list was published meanwhile; that authority's is to be drafted anew.
        Unsound: a list would not be sound.
    """
    with apart() as db:
        wanted = drafts(db, real=real)
    left = [failure for draft in wanted if (failure := _sign_and_publish(draft, real))]
    if left:
        raise left[0]


def _sign_and_publish(draft: Draft, real: datetime) -> KeyUnavailable | Overtaken | None:
    """Why it could not be done, to be raised after the others' turn."""
    try:
        der = signed(draft.tbs, draft.authority)
        with apart() as db:
            publish(db, draft, der, real=real)
    except KeyRefused:
        # The others' keys are in the same token.
        raise
    except (KeyUnavailable, Overtaken) as failure:
        return failure
    return None


def drafts(db: Session, *, real: datetime) -> list[Draft]:
    """The next list of every authority, judged. Signing them is slow: let go of `db` before."""
    return [
        _draft(db, authority, real)
        for authority in authorities(db)
        if certificate_of(authority).not_valid_after_utc > real
    ]


def _draft(db: Session, authority: Authority, real: datetime) -> Draft:
    # The number before the entries: a list that follows this number knows at least as much.
    present = db.get(RevocationList, authority.id, populate_existing=True)
    follows = present.number if present else 0
    revoked = revoked_by(db, authority, real)
    issuer = certificate_of(authority)
    this_update = real.replace(microsecond=0) - BEFORE
    judge_list(_copy(follows + 1, this_update, issuer, revoked[:JUDGED])[0])
    tbs = _copy(follows + 1, this_update, issuer, revoked)[1]
    return Draft(authority, follows, this_update, len(revoked), tbs)


def publish(db: Session, draft: Draft, der: bytes, *, real: datetime) -> None:
    """Make it the newest list.

    Raises:
        Overtaken: it is not: another was published meanwhile. Draft anew.
    """
    # Whoever publishes holds the authority, so of two lists with the same number one is refused.
    held = select(Authority).where(Authority.id == draft.authority.id).with_for_update()
    authority = db.exec(held).one()
    present = db.get(RevocationList, authority.id, populate_existing=True)
    if (present.number if present else 0) != draft.follows:
        raise Overtaken
    published = present or RevocationList(
        authority_id=authority.id or 0, number=0, this_update=real, next_update=real, der=b""
    )
    published.number = draft.follows + 1
    published.this_update = draft.this_update
    published.next_update = draft.this_update + CRL_LASTS
    published.der = der
    db.add(published)
    record(
        db, "revocation_list.signed", by="portal", at=real, subject=f"authority:{authority.id}",
        number=published.number, entries=draft.entries,
    )  # fmt: skip


def signed(tbs: bytes, authority: Authority) -> bytes:
    """`tbs` with the authority's signature, which was verified: DER."""
    made = signer(authority.key_label).sign(tbs)
    public = _public(certificate_of(authority))
    public.verify(made, tbs, PKCS1v15(), SHA256())
    whole = asn1.CertificateList(
        {
            "tbs_cert_list": asn1.TbsCertList.load(tbs),
            "signature_algorithm": {"algorithm": "sha256_rsa"},
            "signature": made,
        }
    )
    return bytes(whole.dump())


def _copy(
    number: int, this_update: datetime, issuer: x509.Certificate, revoked: Sequence[Revoked]
) -> tuple[bytes, bytes]:
    """A copy signed by a throw-away key, and the bytes that the real key is to sign."""
    # All entries at once: added one by one, each copies all before it.
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=issuer.subject,
        last_update=this_update,
        next_update=this_update + CRL_LASTS,
        revoked_certificates=[_entry(each) for each in revoked],
    )
    key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key.value)
    for extension in (x509.CRLNumber(number), authority_key):
        builder = builder.add_extension(extension, critical=False)
    copy = builder.sign(throw_away_key(_public(issuer).key_size), SHA256())
    return copy.public_bytes(Encoding.DER), copy.tbs_certlist_bytes


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    serial, at, reason = revoked
    naive = at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    why = x509.Extension(x509.CRLReason.oid, False, _reason(reason))
    return x509.RevokedCertificateBuilder(int(serial, 16), naive, [why]).build()


@cache
def _reason(reason: str) -> x509.CRLReason:
    return x509.CRLReason(x509.ReasonFlags(reason))


def _public(certificate: x509.Certificate) -> RSAPublicKey:
    found = certificate.public_key()
    assert isinstance(found, RSAPublicKey)
    return found
