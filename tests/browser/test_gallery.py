"""Every macro in every state, looked at in Chromium: wide and narrow, three languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import DESK, TELEPHONE, axe, fits, focus_is_seen, snap

PAGES = {"parts": "", "form": "form", "filled": "form?state=filled", "wrong": "form?state=wrong"}


@pytest.fixture(params=[DESK, TELEPHONE], ids=["desk", "telephone"])
def window(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.complaints = []  # type: ignore[attr-defined]
    page.on("console", lambda said: note(page, said.type, said.text))
    page.on("pageerror", lambda error: note(page, "error", str(error)))
    yield page
    context.close()


def note(page: Page, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        page.complaints.append(text)  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
@pytest.mark.parametrize("name", PAGES)
def test_it_reads_well(window, address, name, lang):
    window.goto(f"{address}/{lang}/{PAGES[name]}", wait_until="networkidle")
    snap(window, f"gallery-{name}-{lang}-{window.viewport_size['width']}")
    fits(window)
    axe(window)
    assert window.complaints == []


@pytest.mark.parametrize("code", ["404", "csrf", "refused"])
def test_error_pages_read_well(window, address, code):
    window.goto(f"{address}/tc/error/{code}", wait_until="networkidle")
    snap(window, f"error-{code}-tc-{window.viewport_size['width']}")
    fits(window)
    axe(window)


def test_the_focus_is_always_seen(window, address):
    window.goto(f"{address}/en/form?state=filled")
    focus_is_seen(window)


def test_the_error_summary_has_the_focus_and_leads_to_the_questions(window, address):
    window.goto(f"{address}/en/form?state=wrong", wait_until="networkidle")
    assert "nhsuk-error-summary" in window.evaluate("document.activeElement.className")
    window.click("a[href='#phone']")
    assert window.evaluate("document.activeElement.id") == "phone"
