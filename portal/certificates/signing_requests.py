"""A signing request from an institution's own system: only its public key is taken.

Source of the limits: RFC 8603 and Mozilla's policy for sizes and curves; badkeys for keys whose
private half is known, shared or can be computed.
"""

import hashlib

from badkeys.checks import checkpubkey, defaultchecks
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portal.kernel.problems import Refused
from portal.kernel.text import N_, Said

MOST = 20_000
"""Bytes: the largest sensible request has about 4,000."""
SMALLEST, LARGEST = 2048, 4096
CURVES = (ec.SECP256R1, ec.SECP384R1)
# All that is computed from the key itself: the lists of known keys would have to be fetched.
CHECKS = [check for check in defaultchecks if check != "blocklist"]

UNREADABLE = N_("This is not a certificate signing request (PKCS#10, PEM or DER)")
TAMPERED = N_("The signature of the request does not fit its key: it was changed or cut off")
ASKS_FOR_CA = N_(
    "The request asks to be a certificate authority. Make one for a client certificate"
)
WRONG_KIND = N_("The key must be RSA, or elliptic on the curve P-256 or P-384")
WEAK_SIZE = N_("The RSA key has %(bits)s bits; it must have %(smallest)s to %(largest)s")
KNOWN_KEY = N_("This key is known to be weak: anybody could compute or look up its private half")
PRIVATE_KEY = N_(
    "This holds a private key. Never send it to anybody, and make a new one: it is spent now"
)


def public_key_of(request: bytes) -> bytes:
    """The public key of a signing request, PEM or DER: SubjectPublicKeyInfo in DER.

    Subject, extensions and everything else in it are left aside.

    Raises:
        Refused: it is none, was tampered with, asks to be an authority, or its key is weak.
    """
    if b"PRIVATE KEY-----" in request:
        raise Refused(PRIVATE_KEY)
    found = _read(request)
    key = _key_in(found)
    if _asks_for_ca(found):
        raise Refused(ASKS_FOR_CA)
    return sound_key(key)


def sound_key(key: object) -> bytes:
    """The key in DER, if it is of a kind that browsers and nginx take, and strong.

    Raises:
        Refused: it is not.
    """
    if isinstance(key, rsa.RSAPublicKey):
        _check_size(key)
    elif not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
        raise Refused(WRONG_KIND)
    written = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if checkpubkey(written.decode(), checks=CHECKS)["results"]:
        raise Refused(KNOWN_KEY)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint_of(spki: bytes) -> str:
    """By which a key is found again, whoever brings it: SHA-256 of it, in hexadecimal."""
    return hashlib.sha256(spki).hexdigest()


def _read(request: bytes) -> x509.CertificateSigningRequest:
    if not request or len(request) > MOST:
        raise Refused(UNREADABLE)
    try:
        if b"-----BEGIN" in request:
            return x509.load_pem_x509_csr(request)
        return x509.load_der_x509_csr(request)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(UNREADABLE) from error


def _key_in(request: x509.CertificateSigningRequest) -> object:
    """Its key, which signed it. Both are parsed only now: they may be damaged, or of no kind
    that is known."""
    try:
        if not request.is_signature_valid:
            raise Refused(TAMPERED)
        return request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(UNREADABLE) from error


def _asks_for_ca(request: x509.CertificateSigningRequest) -> bool:
    try:
        asked = request.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise Refused(UNREADABLE) from error
    for extension in asked:
        match extension.value:
            case x509.BasicConstraints(ca=True):
                return True
            case x509.KeyUsage(key_cert_sign=True):
                return True
    return False


def _check_size(key: rsa.RSAPublicKey) -> None:
    if not SMALLEST <= key.key_size <= LARGEST:
        bits, smallest, largest = key.key_size, SMALLEST, LARGEST
        raise Refused(Said(WEAK_SIZE, bits=bits, smallest=smallest, largest=largest))
