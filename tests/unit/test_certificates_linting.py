"""P8: what the standards forbid is refused before anything is signed."""

import time
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from portal.certificates import linting
from portal.certificates.linting import Unsound, judge_certificate, judged_copy
from portal.certificates.profiles import (
    Subject,
    authority_certificate,
    location_certificate,
    name,
    own_certificate,
    usage,
)
from portal.certificates.rules import Purpose

NOW = datetime.now(UTC).replace(microsecond=0)
SIZE = 2048


@cache
def issuer() -> x509.Certificate:
    key = rsa.generate_private_key(65537, SIZE)
    builder = authority_certificate(
        key.public_key(), name("eHealth", "Trial CA"), issuer=None, not_before=NOW,
        not_after=NOW + timedelta(days=900),
    )  # fmt: skip
    return builder.sign(key, SHA256())


def sound(**different) -> x509.CertificateBuilder:
    subject = Subject(
        **{
            "location": "HSL-KF4-MR7-2TX", "institution": "HCI-KF4-MR7-2TX",
            "crl": "http://127.0.0.1/1.crl", "ocsp": "http://127.0.0.1/ocsp",
            "issuer": "http://127.0.0.1/1.cer", **different,
        }
    )  # fmt: skip
    spki = ec.generate_private_key(ec.SECP256R1()).public_key()
    return location_certificate(
        spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), subject,
        issuer=issuer(), serial=1 << 126, not_before=NOW, not_after=NOW + timedelta(days=365),
    )  # fmt: skip


def with_changed(builder: x509.CertificateBuilder, **columns) -> x509.CertificateBuilder:
    """The builder with columns of it replaced, past what it would let one do."""
    kept = {
        part: columns.get(part, getattr(builder, f"_{part}"))
        for part in (
            "issuer_name", "subject_name", "public_key", "serial_number", "not_valid_before",
            "not_valid_after", "extensions",
        )
    }  # fmt: skip
    return x509.CertificateBuilder(**kept)


def without(kind: type[x509.ExtensionType]) -> x509.CertificateBuilder:
    builder = sound()
    kept = [each for each in builder._extensions if not isinstance(each.value, kind)]
    return with_changed(builder, extensions=kept)


def with_extension(value: x509.ExtensionType, critical: bool) -> x509.CertificateBuilder:
    return without(type(value)).add_extension(value, critical)


def subject_of(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value, _validate=False) for oid, value in parts])


def alternative(general: x509.GeneralName) -> x509.CertificateBuilder:
    return with_extension(x509.SubjectAlternativeName([general]), False)


FAULTS = {
    "no authority key identifier": lambda: without(x509.AuthorityKeyIdentifier),
    "a CA's bit in the key usage": lambda: with_extension(usage(signs=True, certifies=True), True),
    "a key usage that says nothing": lambda: with_extension(usage(), True),
    "a country of three letters": lambda: with_changed(
        sound(), subject_name=subject_of((NameOID.COUNTRY_NAME, "HKG"), (NameOID.COMMON_NAME, "X"))
    ),
    "a name too long": lambda: with_changed(
        sound(), subject_name=subject_of((NameOID.COMMON_NAME, "x" * 65))
    ),
    "a bad name of a host": lambda: alternative(x509.DNSName("-bad-.example..org")),
    "a urn: as alternative name": lambda: alternative(
        x509.UniformResourceIdentifier("urn:hsl:HSL-KF4-MR7-2TX")
    ),
    "an address that is none": lambda: sound(crl="localhost/1.crl"),
    "a basic constraint that is not critical, of an authority": lambda: with_extension(
        x509.BasicConstraints(ca=True, path_length=None), False
    ),
    "policy constraints that are not critical": lambda: with_extension(
        x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), False
    ),
    "an e-mail address that is none": lambda: alternative(x509.RFC822Name("nobody")),
}


@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@pytest.mark.parametrize("planted", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_refused_before_signing(planted):
    with pytest.raises(Unsound) as refused:
        judged_copy(planted(), SIZE)
    assert refused.value.findings


def test_ours_are_sound():
    judged_copy(sound(), SIZE)
    judge_certificate(issuer().public_bytes(Encoding.DER))
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    subject = Subject("", "eHealth", "http://a.example/c", "http://a.example/o", "http://a.example")
    for purpose in Purpose:
        made = own_certificate(
            key, "eHealth OCSP", purpose, subject, issuer=issuer(), serial=1 << 126,
            not_before=NOW, not_after=NOW + timedelta(days=14),
        )  # fmt: skip
        judged_copy(made, SIZE)


def test_the_copy_that_is_judged_has_the_very_bytes_that_are_signed():
    copy = judged_copy(sound(), SIZE)
    public = linting.throw_away_key(SIZE).public_key()
    assert copy.signature_hash_algorithm is not None
    assert copy.public_key() != public
    again = linting.throw_away_key(SIZE)
    assert again is linting.throw_away_key(SIZE), "one throw-away key for each process and size"


@pytest.mark.parametrize("junk", [b"", b"0", b"\x30\x03\x02\x01\x01"])
def test_what_cannot_be_read_is_unsound(junk):
    with pytest.raises(Unsound):
        judge_certificate(junk)


def test_judging_takes_less_than_twenty_milliseconds():
    builder = sound()
    judged_copy(builder, SIZE)
    began = time.process_time()
    for _ in range(10):
        judged_copy(builder, SIZE)
    assert (time.process_time() - began) / 10 < 0.02
