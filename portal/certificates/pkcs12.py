"""A key with its certificate in one file that systems import: PKCS#12, under a password.

AES-256-CBC under PBKDF2 (PBES2) and a MAC with SHA-256 (RFC 7292, RFC 9579): what Windows, macOS,
Firefox and OpenSSL read; the old RC2 and 3DES forms are not made.
"""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    PrivateFormat,
    load_der_private_key,
    pkcs12,
)

ROUNDS = 100_000
MEDIA_TYPE = "application/x-pkcs12"


def bundle(name: str, key: bytes, certificate: bytes, issuer: bytes, password: str) -> bytes:
    """`key` (PKCS#8), its certificate and the one of its issuer (DER), named `name`.

    The root is left out: whoever imports the file shall not trust anything by it.
    """
    private = load_der_private_key(key, None)
    assert isinstance(private, EllipticCurvePrivateKey)
    protected = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(SHA256())
        .build(password.encode())
    )
    return pkcs12.serialize_key_and_certificates(
        name.encode(),
        private,
        x509.load_der_x509_certificate(certificate),
        [x509.load_der_x509_certificate(issuer)],
        protected,
    )
