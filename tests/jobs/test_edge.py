"""The real nginx before the portal: who gets in, judged by three independent clients."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose
from flask import Flask
from sqlmodel import SQLModel, select

from portal.certificates import actions, authorities, keys
from portal.certificates.models import Certificate
from portal.certificates.rules import Fault, Reason
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import unit_of_work
from portal.infra.settings import Settings, use_settings
from portal.registry.models import ServiceLocation
from tests.connecting import entered_location, escaped, issued, private_pem
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


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("edge")
    use_settings(Settings(portal_home=home / "var", database_url=""))
    app = create_app(TESTING=True)
    SQLModel.metadata.create_all(db.engine())
    place = entered_location(app)
    issued(app, place)
    with unit_of_work(app) as rows:
        chain = authorities.chain(rows)
    (home / "files").mkdir()
    with edge(chain, home / "nginx") as running:
        yield Stage(app, running, place, home / "files")
    db.engine().dispose()
    db.engine_for.cache_clear()
    use_settings(None)


@pytest.fixture(autouse=True)
def settings_of_the_stage(stage):
    """Another fixture may have put other settings in place."""
    use_settings(Settings(portal_home=stage.folder.parent / "var", database_url=""))


def revoke(stage: Stage, certificate: Path) -> None:
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    with unit_of_work(stage.app) as rows:
        wanted = select(Certificate).where(Certificate.serial == f"{found.serial_number:032x}")
        assert actions.revoke(
            rows, rows.exec(wanted).one(), reason=Reason.KEY_COMPROMISE, by="test", now=NOW,
            real=NOW,
        )  # fmt: skip


def test_a_good_certificate_gets_in_and_is_refused_once_revoked(stage):
    files = stage.good()
    told = stage.edge.tell(files)
    assert (told["status"], told["location"]) == (200, stage.place.number)
    status, page = stage.edge.ask("/tc/connection/", files)
    assert status == 200 and "Chan Clinic" in page
    revoke(stage, files[0])
    assert stage.edge.tell(files)["fault"] == Fault.REVOKED
    assert stage.edge.ask("/en/connection/", files)[0] == 403
    status, page = stage.edge.ask("/en/connection/check", files)
    assert "This certificate was revoked" in page


def test_without_a_certificate_pages_open_but_for_those_that_need_one(stage):
    assert stage.edge.ask("/en/register/")[0] == 200
    assert stage.edge.tell()["fault"] == Fault.NONE
    assert stage.edge.ask("/en/connection/")[0] == 403
    assert "showed no certificate" in stage.edge.ask("/en/connection/check")[1]


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_a_certificate_that_tls_refuses_reaches_the_check_page(stage, lang):
    said = {
        Fault.EXPIRED: stage.made(begins=-2 * LONG, lasts=LONG, purpose=Purpose.CLIENT_AUTH),
        Fault.NOT_YET: stage.made(begins=LONG, lasts=LONG, purpose=Purpose.CLIENT_AUTH),
        Fault.WRONG_PURPOSE: stage.made(begins=-LONG, lasts=2 * LONG, purpose=Purpose.SERVER_AUTH),
        Fault.WRONG_AUTHORITY: stage.foreign(),
    }
    for fault, files in said.items():
        told = stage.edge.tell(files)
        assert (told["status"], told["fault"]) == (403, fault)
        for path in (f"/{lang}/connection/", f"/{lang}/register/?q=x", f"/{lang}/"):
            status, page = stage.edge.ask(path, files)
            assert status == 403
            assert f"fault: {fault}" in page
            assert f'<html class="nhsuk-template" lang="{HTML[lang]}"' in page


HTML = {"en": "en", "tc": "zh-Hant-HK", "sc": "zh-Hans"}


def test_the_language_of_the_browser_counts_where_the_address_has_none(stage):
    files = stage.foreign()
    wish = {"Accept-Language": "zh-HK,zh;q=0.9"}
    assert 'lang="zh-Hant-HK"' in stage.edge.ask("/", files, **wish)[1]


def test_signed_by_us_and_not_on_record_is_refused(stage):
    files = stage.made(begins=-LONG, lasts=2 * LONG, purpose=Purpose.CLIENT_AUTH)
    assert stage.edge.tell(files)["fault"] == Fault.UNKNOWN


def test_forged_headers_are_overwritten(stage):
    good = stage.good()[0].read_text()
    forged = escaped(good)
    assert stage.edge.tell(None, **forged)["fault"] == Fault.NONE
    assert stage.edge.tell(stage.foreign(), **forged)["fault"] == Fault.WRONG_AUTHORITY
    other = entered_location(stage.app, "Lee Clinic")
    assert stage.edge.tell(stage.good(other), **forged)["location"] == other.number


def test_the_plain_port_believes_nobody(stage):
    pem = stage.good()[0].read_text()
    sent = {**escaped(pem), "X-Edge-Secret": "guessed"}
    headers = [part for name, value in sent.items() for part in ("-H", f"{name}: {value}")]
    told = curl(f"http://127.0.0.1:{stage.edge.plain_port}/api/connection", *headers)
    assert '"no_certificate"' in told


def curl(url: str, *arguments: str) -> str:
    return subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "20", *arguments, url],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_curl_and_openssl_agree(stage):
    certificate, key = stage.good()
    ours = ["--cacert", str(stage.edge.folder / "server.pem")]
    mine = ["--cert", str(certificate), "--key", str(key)]
    assert stage.place.number in curl(f"{stage.edge.url}/api/connection", *ours, *mine)
    assert '"no_certificate"' in curl(f"{stage.edge.url}/api/connection", *ours)
    for version in ("-tls1_2", "-tls1_3"):
        assert stage.place.number in s_client(stage, version, "-cert", certificate, "-key", key)
    revoke(stage, certificate)
    assert '"revoked"' in curl(f"{stage.edge.url}/api/connection", *ours, *mine)
    assert '"revoked"' in s_client(stage, "-tls1_3", "-cert", certificate, "-key", key)


def s_client(stage: Stage, *arguments: object) -> str:
    request = b"GET /api/connection HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect", f"localhost:{stage.edge.port}", "-servername",
         "localhost", "-CAfile", stage.edge.folder / "server.pem", *map(str, arguments)],
        input=request, capture_output=True, timeout=30,
    )  # fmt: skip
    return done.stdout.decode()


def test_the_log_tells_neither_question_nor_certificate(stage):
    files = stage.good()
    stage.edge.ask("/en/register/?q=secret-question", files)
    log = (stage.edge.folder / "access.log").read_text()
    assert '"GET /en/register/" 200' in log
    assert "secret-question" not in log
    assert not re.search(r"CERTIFICATE|%20|MII", log)


def test_the_secret_is_for_nginx_alone(stage):
    assert (stage.edge.folder / "edge-secret.conf").stat().st_mode & 0o777 == 0o600
