"""The real nginx before the portal: who gets in, judged by three independent clients."""

import re
import subprocess
from collections.abc import Iterator

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID as Purpose

from portal.certificates.rules import Fault
from portal.infra.settings import use_settings
from tests.connecting import entered_location, escaped
from tests.edge_stage import LONG, Stage, of, staged


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("edge")) as stage:
        yield stage


@pytest.fixture(autouse=True)
def settings_of_the_stage(stage):
    """Another fixture may have put other settings in place."""
    use_settings(of(stage.folder.parent))


def test_a_good_certificate_gets_in_and_is_refused_once_revoked(stage):
    files = stage.good()
    told = stage.edge.tell(files)
    assert (told["status"], told["location"]) == (200, stage.place.number)
    status, page = stage.edge.ask("/tc/connection/", files)
    assert status == 200 and "Chan Clinic" in page
    stage.revoke(files[0])
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
    stage.revoke(certificate)
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
    assert " GET 200 " in log
    assert "register" not in log and "secret-question" not in log
    assert not re.search(r"CERTIFICATE|%20|MII", log)


def test_the_secret_is_for_nginx_alone(stage):
    assert (stage.edge.folder / "edge-secret.conf").stat().st_mode & 0o777 == 0o600
