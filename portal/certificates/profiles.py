"""What stands in the certificates: those of locations, of the issuing authority, of the root.

Source: RFC 5280 §4; the profile is ours (PROPOSAL of the reference, §3.3): the subject names the
service location by its number and its institution by its own, and nobody by name.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portal.certificates.rules import Purpose

COUNTRY = "HK"
OWN_USES = {
    Purpose.OCSP: [ExtendedKeyUsageOID.OCSP_SIGNING],
    # RFC 9336; and e-mail, as which programs that do not know it yet judge signed papers.
    Purpose.PAPERS: [
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ],
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for, and where one learns whether it still holds."""

    location: str
    institution: str
    crl: str
    ocsp: str
    issuer: str


def location_certificate(
    spki: bytes,
    subject: Subject,
    *,
    issuer: x509.Certificate,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """A client certificate of a service location: it signs, and it authenticates to a server."""
    key = load_der_public_key(spki)
    builder = _begun(name(subject.institution, subject.location), issuer.subject, key)
    builder = builder.serial_number(serial)
    builder = builder.not_valid_before(not_before).not_valid_after(not_after)
    issuing_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(signs=True), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),  # type: ignore[arg-type]
        (
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuing_key.value),
            False,
        ),
        _sources(subject),
        _access(subject),
    ):
        builder = builder.add_extension(extension, critical)
    return builder


def own_certificate(
    key: ec.EllipticCurvePublicKey,
    common_name: str,
    purpose: Purpose,
    subject: Subject,
    *,
    issuer: x509.Certificate,
    serial: int,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """A certificate of a key of ours: it answers OCSP (RFC 6960 §4.2.2.2) or signs papers.

    It opens no door: its key usage is not that of a client, and it names no place.
    """
    builder = _begun(name(subject.institution, common_name), issuer.subject, key)
    builder = builder.serial_number(serial)
    builder = builder.not_valid_before(not_before).not_valid_after(not_after)
    issuing_key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier
    papers = purpose is Purpose.PAPERS
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(signs=True, commits=papers), True),
        (x509.ExtendedKeyUsage(OWN_USES[purpose]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (authority_key(issuing_key.value), False),
        *([_sources(subject), _access(subject)] if papers else [(x509.OCSPNoCheck(), False)]),
    ):
        builder = builder.add_extension(extension, critical)
    return builder


def authority_certificate(
    key: CertificateIssuerPublicKeyTypes,
    subject: x509.Name,
    *,
    issuer: x509.Certificate | None,
    not_before: datetime,
    not_after: datetime,
) -> x509.CertificateBuilder:
    """A root (`issuer` None), or an issuing authority that may certify locations only."""
    builder = _begun(subject, issuer.subject if issuer else subject, key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(not_before).not_valid_after(not_after)
    issuing_key = issuer.public_key() if issuer else key
    length = 0 if issuer else 1
    for extension, critical in (
        (x509.BasicConstraints(ca=True, path_length=length), True),
        (usage(certifies=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing_key),  # type: ignore[arg-type]
            False,
        ),
    ):
        builder = builder.add_extension(extension, critical)
    return builder


def name(organization: str, common_name: str) -> x509.Name:
    """A distinguished name; each part at most 64 characters (RFC 5280, appendix A.1)."""
    parts = (
        (NameOID.COUNTRY_NAME, COUNTRY),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def usage(*, signs: bool = False, certifies: bool = False, commits: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=commits,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _begun(subject: x509.Name, issuer: x509.Name, key: object) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)  # type: ignore[arg-type]
    )


def _sources(subject: Subject) -> tuple[x509.ExtensionType, bool]:
    source = x509.DistributionPoint([_uri(subject.crl)], None, None, None)
    return x509.CRLDistributionPoints([source]), False


def _access(subject: Subject) -> tuple[x509.ExtensionType, bool]:
    access = [
        x509.AccessDescription(Access.OCSP, _uri(subject.ocsp)),
        x509.AccessDescription(Access.CA_ISSUERS, _uri(subject.issuer)),
    ]
    return x509.AuthorityInformationAccess(access), False


def _uri(address: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(address)
