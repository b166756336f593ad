"""Signing requests: only the key is taken; whatever else is sent is refused with a reason."""

import gzip
import json
import math
import secrets
from functools import cache
from pathlib import Path

import gmpy2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as some

from portal.certificates import signing_requests as ours
from portal.certificates.signing_requests import public_key_of, sound_key
from portal.kernel.problems import Refused

LIMBO = Path(__file__).resolve().parents[3] / "shared" / "data" / "x509" / "limbo.json.gz"
E = 65537


def request(key, *extensions: x509.ExtensionType, name: str = "anything") -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    hashed = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return builder.sign(key, hashed).public_bytes(Encoding.DER)


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def larger_curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(E, 2048)


def refused(content: bytes) -> str:
    with pytest.raises(Refused) as why:
        public_key_of(content)
    return str(getattr(why.value.message, "msgid", why.value.message))


@pytest.mark.parametrize(
    "key", [curve_key, rsa_key, lambda: ec.generate_private_key(ec.SECP384R1())]
)
@pytest.mark.parametrize("written", [bytes, pem])
def test_of_a_sound_request_the_key_alone_is_taken(key, written):
    key = key()
    wishes = x509.SubjectAlternativeName([x509.DNSName("*.gov.hk")])
    taken = public_key_of(written(request(key, wishes, name="Registration Office")))
    public = key.public_key()
    assert taken == public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "wish",
    [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.KeyUsage(True, False, False, False, False, True, False, False, False),
    ],
    ids=["constraints", "key usage"],
)
def test_who_asks_to_be_an_authority_is_refused(wish):
    assert refused(request(curve_key(), wish)) == ours.ASKS_FOR_CA


def private() -> bytes:
    return curve_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


WRONG_KEYS = {
    "RSA of 1024 bits": (lambda: rsa.generate_private_key(E, 1024), ours.WEAK_SIZE),
    "P-521": (lambda: ec.generate_private_key(ec.SECP521R1()), ours.WRONG_KIND),
    "secp256k1": (lambda: ec.generate_private_key(ec.SECP256K1()), ours.WRONG_KIND),
    "Ed25519": (ed25519.Ed25519PrivateKey.generate, ours.WRONG_KIND),
    "DSA": (lambda: dsa.generate_private_key(2048), ours.WRONG_KIND),
}


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize(("key", "why"), WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_keys_of_another_kind_or_size_are_refused(key, why):
    assert refused(request(key())) == why


@cache
def prime(bits: int) -> int:
    return int(gmpy2.next_prime(secrets.randbits(bits) | (3 << (bits - 2))))


def public(p: int, q: int, e: int = E) -> rsa.RSAPublicKey:
    return rsa.RSAPublicNumbers(e, p * q).public_key()


def close() -> rsa.RSAPublicKey:
    """Two primes side by side: Fermat's method finds them at once (CVE-2022-26320)."""
    return public(prime(1024), int(gmpy2.next_prime(prime(1024))))


def of_roca() -> rsa.RSAPublicKey:
    """Primes as Infineon's library made them (CVE-2017-15361): powers of 65537 over a primorial."""
    primorial = math.prod(n for n in range(2, 168) if gmpy2.is_prime(n))

    def made() -> int:
        while True:
            spread = (secrets.randbits(1024) | (3 << 1022)) // primorial
            found = spread * primorial + pow(E, secrets.randbelow(10**9), primorial)
            if gmpy2.is_prime(found):
                return found

    return public(made(), made())


def small_private() -> rsa.RSAPublicKey:
    """A private exponent so short that it follows from the public one (Wiener)."""
    p, q = prime(1024), int(gmpy2.next_prime(secrets.randbits(1024) | (3 << 1022)))
    phi, d = (p - 1) * (q - 1), prime(200)
    return public(p, q, pow(d, -1, phi))


WEAK = {
    "primes side by side": close,
    "ROCA": of_roca,
    "a small factor": lambda: public(65521, prime(2040)),
    "an even modulus": lambda: public(2, prime(2048)),
    "a power of a prime": lambda: public(prime(1024), prime(1024)),
    "a short private exponent": small_private,
}


@pytest.mark.parametrize("make", WEAK.values(), ids=WEAK)
def test_keys_whose_private_half_can_be_computed_are_refused(make):
    try:
        key = make()
    except ValueError:
        return  # the library that reads requests does not even take such a key
    with pytest.raises(Refused) as why:
        sound_key(key)
    assert why.value.message == ours.KNOWN_KEY


def test_a_weak_key_in_a_request_is_refused():
    p, q = prime(1024), int(gmpy2.next_prime(prime(1024)))
    d = pow(E, -1, math.lcm(p - 1, q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(E, p * q)
    )
    assert refused(request(numbers.private_key())) == ours.KNOWN_KEY


@pytest.mark.parametrize("around", [b"%s", b"%s" + pem(request(curve_key()))])
def test_a_private_key_is_refused_and_said_to_be_spent(around):
    assert refused(around % private()) == ours.PRIVATE_KEY


def test_a_request_whose_signature_does_not_fit_is_refused():
    whole = bytearray(request(curve_key()))
    whole[-3] ^= 1
    assert refused(bytes(whole)) in {ours.TAMPERED, ours.UNREADABLE}


def never_more_than_refused(content: bytes) -> None:
    try:
        public_key_of(content)
    except Refused as why:
        assert why.message


@given(some.binary(max_size=400))
@trying(max_examples=400)
def test_any_bytes_are_taken_or_refused(content):
    never_more_than_refused(content)
    never_more_than_refused(
        b"-----BEGIN CERTIFICATE REQUEST-----\n" + content + b"\n-----END CERTIFICATE REQUEST-----"
    )


@given(some.data())
@trying(max_examples=600)
def test_changed_requests_are_taken_or_refused(data):
    usual = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    kinds = (curve_key(), rsa_key())
    whole = _written(data.draw(some.integers(0, 1)), kinds, usual)
    for _ in range(data.draw(some.integers(1, 6))):
        at = data.draw(some.integers(0, len(whole) - 1))
        match data.draw(some.sampled_from(["change", "cut", "double"])):
            case "change":
                whole = whole[:at] + bytes([data.draw(some.integers(0, 255))]) + whole[at + 1 :]
            case "cut":
                whole = whole[: max(at, 1)]
            case "double":
                whole = whole[:at] + whole[at : at + 9] + whole[at:]
    never_more_than_refused(whole)


@cache
def _written(which: int, kinds, usual) -> bytes:
    return request(kinds[which], usual, x509.BasicConstraints(ca=False, path_length=None))


@pytest.mark.skipif(not LIMBO.exists(), reason="../shared is not beside the repository")
def test_certificates_of_limbo_are_no_requests():
    """Odd certificates of a known collection, sent as requests: as they are, and renamed."""
    cases = json.loads(gzip.decompress(LIMBO.read_bytes()))["testcases"]
    leaves = {case["peer_certificate"].encode() for case in cases}
    assert len(leaves) > 100
    for leaf in leaves:
        assert refused(leaf) == ours.UNREADABLE
        never_more_than_refused(leaf.replace(b"CERTIFICATE-----", b"CERTIFICATE REQUEST-----"))
