"""Answers about single certificates, signed at the moment of asking (RFC 6960).

By a key of ours that the authority certified for this alone; what is answered is what the
database says now. Each answer ends soon, so that nobody can show an old "good" for long.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from asn1crypto import core, ocsp
from asn1crypto.x509 import Certificate as Asn1Certificate
from asn1crypto.x509 import PublicKeyInfo
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import Session

from portal.certificates.authorities import authorities
from portal.certificates.life_queries import own_key_with_serial
from portal.certificates.models import Authority, Certificate
from portal.certificates.own_keys import Opened, opened
from portal.certificates.queries import with_serial
from portal.certificates.rules import Purpose

LARGEST = 20_000
"""Bytes of a question; an ordinary one has about 100."""
MOST = 10
"""Certificates asked about at once."""
HOLDS = timedelta(hours=1)
"""How long an answer may be shown by whoever kept it."""
HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}
NONCE = "1.3.6.1.5.5.7.48.1.2"
LONGEST_NONCE = 128
"""RFC 9654 §2.1: at most this, and never empty."""
REASONS = {
    "keyCompromise": "key_compromise",
    "affiliationChanged": "affiliation_changed",
    "superseded": "superseded",
    "cessationOfOperation": "cessation_of_operation",
    "privilegeWithdrawn": "privilege_withdrawn",
}


class Malformed(Exception):
    """What was sent is no question, or one we must not answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """The certificates asked about, and what is to be sent back as it came."""

    ids: list[ocsp.CertId]
    nonce: bytes | None


def answer(db: Session, der: bytes, *, real: datetime) -> bytes:
    """The whole answer in DER, also where there is none to give: then it says why."""
    try:
        question = read(der)
    except Malformed:
        return refusal("malformed_request")
    ours = authorities(db)
    asked = next(filter(None, (_authority_of(ours, each) for each in question.ids)), None)
    if asked is None:
        # RFC 5019 §2.2.3: none of these is of an authority of ours.
        return refusal("unauthorized")
    responder = opened(db, asked.id, Purpose.OCSP, real)
    if responder is None:
        return refusal("try_later")
    single = [
        _single(each, _state(db, each, _authority_of(ours, each), asked), real)
        for each in question.ids
    ]
    return _signed(single, question.nonce, responder, real)


def read(der: bytes) -> Question:
    """Understand a question.

    Raises:
        Malformed: it is none.
    """
    if len(der) > LARGEST:
        raise Malformed
    try:
        return _read(der)
    except Malformed:
        raise
    # Bytes from anybody, parsed lazily: whatever the library stumbles over is no question.
    except Exception as error:
        raise Malformed from error


def _read(der: bytes) -> Question:
    asked = ocsp.OCSPRequest.load(der, strict=True)["tbs_request"]
    assert asked.native
    ids = [each["req_cert"] for each in asked["request_list"]]
    if not 0 < len(ids) <= MOST:
        raise Malformed
    nonce = None
    for extension in asked["request_extensions"]:
        if extension["extn_id"].dotted == NONCE:
            nonce = core.OctetString.load(extension["extn_value"].contents, strict=True).native
            if not 0 < len(nonce) <= LONGEST_NONCE:
                raise Malformed
        elif extension["critical"].native:
            raise Malformed
    return Question(ids, nonce)


def refusal(why: str) -> bytes:
    """An answer that gives none: it is not signed (RFC 6960 §2.3)."""
    return bytes(ocsp.OCSPResponse({"response_status": why}).dump())


def _authority_of(ours: Sequence[Authority], asked: ocsp.CertId) -> Authority | None:
    algorithm = asked["hash_algorithm"]["algorithm"].native
    if algorithm not in HASHES:
        return None
    named = asked["issuer_name_hash"].native, asked["issuer_key_hash"].native
    return next((each for each in ours if _hashes(each.certificate, algorithm) == named), None)


@lru_cache(maxsize=64)
def _hashes(certificate: bytes, algorithm: str) -> tuple[bytes, bytes]:
    """Of an authority's name and of its key's bits, as questions name their issuer."""
    issuer, hashed = Asn1Certificate.load(certificate), HASHES[algorithm]
    return hashed(issuer.subject.dump()).digest(), hashed(_bits(issuer.public_key)).digest()


def _bits(key: PublicKeyInfo) -> bytes:
    # Without the octet that tells how many bits of the last are unused.
    return bytes(key["public_key"].contents[1:])


def _state(
    db: Session, asked: ocsp.CertId, theirs: Authority | None, of: Authority
) -> ocsp.CertStatus:
    """As the authority `of` knows it, which answers for none but its own."""
    known = theirs is not None and theirs.id == of.id
    return _status(db, asked["serial_number"].native, of) if known else _unknown()


def _single(asked: ocsp.CertId, state: ocsp.CertStatus, real: datetime) -> ocsp.SingleResponse:
    began = real.replace(microsecond=0)
    return ocsp.SingleResponse(
        {
            "cert_id": asked,
            "cert_status": state,
            "this_update": began,
            "next_update": began + HOLDS,
        }
    )


def _unknown() -> ocsp.CertStatus:
    return ocsp.CertStatus(name="unknown", value=ocsp.StatusUnknown())


def _status(db: Session, serial: int, of: Authority) -> ocsp.CertStatus:
    """Good is only what was issued: a number that is merely reserved is unknown."""
    good = ocsp.CertStatus(name="good", value=ocsp.StatusGood())
    if not 0 < serial < 1 << 128:
        return _unknown()
    found = with_serial(db, serial)
    if found is None or found.authority_id != of.id:
        own = own_key_with_serial(db, serial)
        return good if own and own.certificate and own.authority_id == of.id else _unknown()
    if found.revoked_at is not None:
        return _revoked(found)
    return good if found.certificate is not None else _unknown()


def _revoked(found: Certificate) -> ocsp.CertStatus:
    assert found.revoked_at
    told = {
        "revocation_time": found.revoked_at.replace(microsecond=0),
        "revocation_reason": REASONS[found.revocation_reason],
    }
    return ocsp.CertStatus(name="revoked", value=ocsp.RevokedInfo(told))


def _signed(
    single: list[ocsp.SingleResponse], nonce: bytes | None, by: Opened, real: datetime
) -> bytes:
    certificate = Asn1Certificate.load(by.certificate.public_bytes(Encoding.DER))
    named = hashlib.sha1(_bits(certificate.public_key)).digest()
    told = {
        "responder_id": ocsp.ResponderId(name="by_key", value=named),
        "produced_at": real.replace(microsecond=0),
        "responses": single,
    }
    if nonce is not None:
        told["response_extensions"] = [{"extn_id": "nonce", "extn_value": core.OctetString(nonce)}]
    whole = ocsp.ResponseData(told)
    basic = {
        "tbs_response_data": whole,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": by.key.sign(whole.dump(), ec.ECDSA(SHA256())),
        "certs": [certificate],
    }
    response = {"response_type": "basic_ocsp_response", "response": ocsp.BasicOCSPResponse(basic)}
    answered = {"response_status": "successful", "response_bytes": response}
    return bytes(ocsp.OCSPResponse(answered).dump())
