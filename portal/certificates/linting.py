"""Is what is about to be signed sound by the standards? Judged on a copy with a throw-away key.

Source: RFC 5280, by pkilint; the order (lint, then sign) is Boulder's.
"""

from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pkilint import pkix
from pkilint.loader import RFC5280CertificateDocumentLoader, RFC5280CertificateListDocumentLoader
from pkilint.pkix import certificate as certificates
from pkilint.pkix import crl as lists
from pkilint.pkix import extension, name
from pkilint.validation import ValidationFindingSeverity, Validator

# The smaller the number the graver; what is less than a warning is a remark about taste.
MILDEST = ValidationFindingSeverity.WARNING


class Unsound(Exception):
    """The standards forbid what was about to be signed. `findings`: pkilint's codes."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__(", ".join(findings))
        self.findings = findings


@cache
def throw_away_key(size: int) -> RSAPrivateKey:
    """A key of this process that nobody trusts: signs the copies that are judged.

    As large as the real one: the copy's signature has the length of the real one's.
    """
    return generate_private_key(65537, size)


def judge_certificate(der: bytes) -> None:
    """Do nothing if the certificate is sound.

    Raises:
        Unsound: it is not, or cannot even be read.
    """
    _judge(RFC5280CertificateDocumentLoader(), _certificate_rules(), der)


def judge_list(der: bytes) -> None:
    """The same for a list of revoked certificates.

    Raises:
        Unsound: it is not sound.
    """
    _judge(RFC5280CertificateListDocumentLoader(), _list_rules(), der)


def _judge(loader: object, rules: Validator, der: bytes) -> None:
    try:
        document = loader.load_der_document(der, "draft")  # type: ignore[attr-defined]
    except ValueError as error:
        raise Unsound(["unreadable"]) from error
    findings = [
        found.finding.code
        for result in rules.validate(document.root)
        for found in result.finding_descriptions
        if found.finding.severity <= MILDEST
    ]
    if findings:
        raise Unsound(findings)


@cache
def _certificate_rules() -> Validator:
    decoders = certificates.create_decoding_validators(
        name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS
    )
    return certificates.create_pkix_certificate_validator_container(
        decoders,
        [
            certificates.create_issuer_validator_container([]),
            certificates.create_validity_validator_container(),
            certificates.create_subject_validator_container([]),
            certificates.create_extensions_validator_container([]),
            certificates.create_spki_validator_container([]),
        ],
    )


@cache
def _list_rules() -> Validator:
    return lists.create_pkix_crl_validator_container(
        [
            pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
            pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
        ],
        [
            lists.create_issuer_validator_container([]),
            lists.create_validity_validator_container([]),
            lists.create_extensions_validator_container([]),
        ],
    )


def judged_copy(builder: x509.CertificateBuilder, size: int) -> x509.Certificate:
    """`builder` signed by a throw-away key of `size` bits, and found sound.

    Raises:
        Unsound: it is not.
    """
    copy = builder.sign(throw_away_key(size), SHA256())
    judge_certificate(copy.public_bytes(Encoding.DER))
    return copy
