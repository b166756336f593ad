"""A key made in the browser: what leaves the page, what the person saves, and how pages look."""

import subprocess
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from playwright.sync_api import Page, expect
from sqlmodel import select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.certificates.models import Certificate
from tests import certificates as given
from tests.browser.looking import DESK, TELEPHONE, axe, fits, focus_is_seen, snap

pytestmark = pytest.mark.browser

PASSPHRASE = "three blue kettles"


@pytest.fixture
def ours(app, applicant) -> given.Accepted:
    import_jobs()
    given.authority(app)
    return given.accepted(app, applicant)


@pytest.fixture
def page(browser, served, ours, applicant, sign_in) -> Iterator[Page]:
    context = browser.new_context(base_url=served, accept_downloads=True)
    context.set_default_timeout(60_000)
    cookie = sign_in(applicant).get_cookie("session")
    context.add_cookies([{"name": "session", "value": cookie.value, "url": served}])
    yield context.new_page()
    context.close()


def make_file(page: Page, app, ours, folder):
    """Fill in the passphrase and wait for the file, as a person does."""
    page.fill("#file-passphrase", PASSPHRASE)
    page.fill("#file-passphrase-again", PASSPHRASE)
    page.get_by_role("button", name="Make the key and ask").click()
    expect(page.locator(".app-way__status")).to_contain_text("being issued", timeout=60_000)
    run_waiting(app)
    link = page.get_by_role("link", name=f"{ours.places[0]}.p12")
    with page.expect_download() as saved:
        link.click()
    target = folder / "key.p12"
    saved.value.save_as(target)
    return target


def test_the_key_is_in_the_file_and_nowhere_else(app, page, ours, session, tmp_path):
    sent, said = [], []
    page.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    page.on("console", lambda m: m.type in {"error", "warning"} and said.append(m.text))
    page.goto(ours.certificate())
    target = make_file(page, app, ours, tmp_path)
    key, certificate, others = pkcs12.load_key_and_certificates(
        target.read_bytes(), PASSPHRASE.encode()
    )
    row = session.exec(select(Certificate)).one()
    assert row.way == "browser" and row.sealed_key is None
    assert certificate.public_bytes(Encoding.DER) == row.certificate
    assert key.public_key() == certificate.public_key() and len(others) == 1
    secret = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    number = key.private_numbers().private_value.to_bytes(32, "big")
    for body in sent:
        assert secret not in body and number not in body and PASSPHRASE.encode() not in body
    assert said == [], "nothing was stopped by the content security policy"
    opened = subprocess.run(
        ["openssl", "pkcs12", "-in", target, "-nodes", "-passin", f"pass:{PASSPHRASE}", "-info"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    assert f"friendlyName: {ours.places[0]}" in opened.stdout
    assert "AES-256-CBC" in opened.stderr and "hmacWithSHA256" in opened.stderr


def test_an_unsound_passphrase_is_said_beside_its_box(page, ours, session):
    page.goto(ours.certificate())
    for first, again, words, at in (
        ("short", "short", "at least 12", "#file-passphrase"),
        ("陳大文陳大文陳大文陳大文", "x", "English keyboard", "#file-passphrase"),
        (PASSPHRASE, "another", "differ", "#file-passphrase-again"),
    ):
        page.fill("#file-passphrase", first)
        page.fill("#file-passphrase-again", again)
        page.get_by_role("button", name="Make the key and ask").click()
        expect(page.locator(f"{at}-error")).to_contain_text(words)
        assert page.evaluate("document.activeElement.id") == at[1:]
    axe(page)
    assert session.exec(select(Certificate)).all() == []


def test_without_scripts_it_says_so_and_the_other_ways_work(browser, served, page, ours, app):
    cookies = page.context.cookies()
    context = browser.new_context(base_url=served, java_script_enabled=False)
    context.add_cookies(cookies)
    bare = context.new_page()
    bare.goto(ours.certificate())
    expect(bare.get_by_text("This way needs JavaScript")).to_be_visible()
    expect(bare.locator("#file-passphrase")).to_be_hidden()
    bare.fill("#request", given.signing_request().decode())
    bare.get_by_role("button", name="Ask with this request").click()
    run_waiting(app)
    bare.get_by_role("link", name="Look again").click()
    expect(bare.get_by_role("link", name="Certificate (PEM)")).to_be_visible()
    context.close()


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_every_page_is_looked_at(app, page, ours, lang):
    page.goto(ours.certificate())
    page.get_by_role("button", name="Have the key made").click()
    run_waiting(app)
    where = page.url.partition("/en/")[2]
    paths = {
        "set-up": ours.set_up, "place": ours.certificate(), "certificate": f"/en/{where}",
        "revoke": f"/en/{where}revoke", "support": f"/en/enquiry/set-up/{ours.reference}",
        "status": f"/en/apply/{ours.reference}/",
    }  # fmt: skip
    for name, path in paths.items():
        for width, height in (DESK, TELEPHONE):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path.replace("/en/", f"/{lang}/"), wait_until="networkidle")
            snap(page, f"certificates-{name}-{lang}-{width}")
            fits(page)
            axe(page)
    focus_is_seen(page, steps=20)


def test_the_office_s_pages_are_looked_at(
    browser, served, app, ours, registration_officer, sign_in
):
    context = browser.new_context(base_url=served)
    cookie = sign_in(registration_officer).get_cookie("session")
    context.add_cookies([{"name": "session", "value": cookie.value, "url": served}])
    page = context.new_page()
    for name, path in {
        "set-up": ours.set_up, "place": ours.certificate(),
        "case": f"/en/staff/applications/{ours.reference}/",
    }.items():  # fmt: skip
        for lang, (width, height) in (("en", DESK), ("tc", TELEPHONE)):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(path.replace("/en/", f"/{lang}/"), wait_until="networkidle")
            snap(page, f"certificates-staff-{name}-{lang}-{width}")
            fits(page)
            axe(page)
    context.close()
