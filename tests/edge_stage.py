"""A portal behind its real nginx with a place in it, and certificates of every sort."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from flask import Flask
from sqlmodel import SQLModel, select

from portal.certificates import actions, authorities, keys
from portal.certificates.models import Certificate
from portal.certificates.rules import Reason
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import unit_of_work
from portal.infra.settings import Settings, use_settings
from portal.registry.models import ServiceLocation
from tests.connecting import entered_location, issued, private_pem
from tests.edge import Edge, edge

NOW = datetime.now(UTC)
Files = tuple[Path, Path]
LONG = timedelta(days=3)


@dataclass
class Stage:
    """One portal with a place of its own, and files of certificates good and bad."""

    app: Flask
    edge: Edge
    place: ServiceLocation
    folder: Path

    def good(self, place: ServiceLocation | None = None) -> Files:
        key = ec.generate_private_key(ec.SECP256R1())
        return self.kept(issued(self.app, place or self.place, key), key)

    def made(self, *, begins: timedelta, lasts: timedelta, purpose: x509.ObjectIdentifier) -> Files:
        """Signed by the very issuing key, as nothing we issue is."""
        key = ec.generate_private_key(ec.SECP256R1())
        with unit_of_work(self.app) as rows:
            authority = authorities.active_authority(rows)
            issuer, signer = authorities.certificate_of(authority), keys.signer(authority.key_label)
        assert isinstance(signer, keys.FileSigner)
        draft = leaf(key, issuer.subject, begins, lasts, purpose)
        return self.kept(draft.sign(signer.private_key, SHA256()).public_bytes(Encoding.DER), key)

    def foreign(self) -> Files:
        """Of an authority that has our issuing authority's very name."""
        with unit_of_work(self.app) as rows:
            name = authorities.certificate_of(authorities.active_authority(rows)).subject
        own, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        draft = leaf(key, name, -LONG, 2 * LONG, Purpose.CLIENT_AUTH)
        return self.kept(draft.sign(own, SHA256()).public_bytes(Encoding.DER), key)

    def kept(self, der: bytes, key: ec.EllipticCurvePrivateKey) -> Files:
        number = len(list(self.folder.glob("*.pem")))
        files = self.folder / f"{number}.pem", self.folder / f"{number}.key.pem"
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        files[0].write_bytes(pem)
        files[1].write_bytes(private_pem(key))
        return files

    def revoke(self, certificate: Path) -> None:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        with unit_of_work(self.app) as rows:
            wanted = select(Certificate).where(Certificate.serial == f"{found.serial_number:032x}")
            assert actions.revoke(
                rows, rows.exec(wanted).one(), reason=Reason.KEY_COMPROMISE, by="test", now=NOW,
                real=NOW,
            )  # fmt: skip


def leaf(key, issuer: x509.Name, begins: timedelta, lasts: timedelta, purpose):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "HSL-AAA-AAA-AAA")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + begins + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )


@contextmanager
def staged(home: Path) -> Iterator[Stage]:
    use_settings(of(home))
    app = create_app(TESTING=True)
    SQLModel.metadata.create_all(db.engine())
    place = entered_location(app)
    issued(app, place)
    with unit_of_work(app) as rows:
        chain = authorities.chain(rows)
    (home / "files").mkdir()
    try:
        with edge(chain, home / "nginx") as running:
            yield Stage(app, running, place, home / "files")
    finally:
        db.engine().dispose()
        db.engine_for.cache_clear()
        use_settings(None)


def of(home: Path) -> Settings:
    """The settings of the stage in `home`: the embedded default, whatever the environment says."""
    return Settings(portal_home=home / "var", database_url="")
