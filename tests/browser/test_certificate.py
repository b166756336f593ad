"""Chromium with a certificate in its own store, as a clinic has it, through the real nginx."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright

from portal.infra.db import unit_of_work
from tests.browser.looking import CHROMIUM, FLAGS, axe, fits
from tests.edge_stage import Stage, staged
from tests.people import ALICE, enter

pytestmark = [pytest.mark.browser, pytest.mark.alone]

POLICIES = Path("/etc/chromium/policies/managed")
"""The only place where Debian's Chromium reads which certificate it is to use without asking."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("chromium")) as stage:
        yield stage


@contextmanager
def certificate_chosen(address: str) -> Iterator[None]:
    """What a person would click at `address`: the one certificate there is."""
    file = POLICIES / f"portal-test-{os.getpid()}.json"
    chosen = json.dumps({"pattern": address, "filter": {}})
    as_root("mkdir", "-p", str(POLICIES))
    as_root("tee", str(file), input=json.dumps({"AutoSelectCertificateForUrls": [chosen]}))
    try:
        yield
    finally:
        as_root("rm", str(file))


def as_root(*command: str, input: str = "") -> None:
    """As bin/setup does when it installs packages: by sudo, unless root."""
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*before, *command], input=input, text=True, check=True, capture_output=True)


def stored(home: Path, certificate: Path, key: Path) -> None:
    """Import into the NSS database that Chromium reads, as a .p12 file is imported."""
    store, package = home / ".pki/nssdb", home / "certificate.p12"
    store.mkdir(parents=True)
    for command in (
        ["certutil", "-d", f"sql:{store}", "-N", "--empty-password"],
        ["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", package,
         "-passout", "pass:once", "-name", "HSL"],
        ["pk12util", "-d", f"sql:{store}", "-i", package, "-W", "once", "-K", ""],
    ):  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)


@contextmanager
def chromium_of(playwright: Playwright, home: Path) -> Iterator[BrowserContext]:
    """A Chromium whose user has `home`. Only the server's own certificate is not looked at."""
    context = playwright.chromium.launch_persistent_context(
        home / "profile", executable_path=CHROMIUM, args=FLAGS, ignore_https_errors=True,
        env={**os.environ, "HOME": str(home)},
    )  # fmt: skip
    yield context
    context.close()


def signed_in(page: Page, address: str) -> None:
    page.goto(f"{address}/en/account/sign-in")
    page.fill('[name="email"]', ALICE.email)
    page.fill('[name="passphrase"]', ALICE.passphrase)
    with page.expect_navigation():
        page.click("main form button[type=submit]:visible")
    page.goto(f"{address}/en/apply/")


def test_chromium_signs_in_with_its_certificate_until_it_is_revoked(stage, playwright, tmp_path):
    certificate, key = stage.good()
    stored(tmp_path, certificate, key)
    with unit_of_work(stage.app) as db:
        enter(db, ALICE)
    address = stage.edge.url
    with certificate_chosen(address), chromium_of(playwright, tmp_path) as context:
        page = context.new_page()
        page.goto(f"{address}/en/connection/")
        assert "You are connected as Chan Clinic" in page.inner_text("h1")
        axe(page)
        signed_in(page, address)
        assert page.url == f"{address}/en/apply/"
        assert page.locator("text=Sign out").count() > 0
        page.goto(f"{address}/en/connection/")
        stage.revoke(certificate)
        answer = page.reload()
        assert answer is not None and answer.status == 403
        assert "This certificate was revoked" in page.inner_text("main")
        for lang in ("en", "tc", "sc"):
            page.goto(f"{address}/{lang}/connection/check")
            page.wait_for_selector("[data-clock-good]:visible")
            fits(page)
            axe(page)


def test_a_device_whose_clock_is_off_is_told(stage, browser):
    context = browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.clock.install(time=0)
    page.goto(f"{stage.edge.url}/en/connection/check")
    page.wait_for_selector("[data-clock-off]:visible")
    context.close()
