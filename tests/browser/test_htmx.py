"""htmx 4 and the pages, in Chromium: parts are swapped, whole pages come back, answers lead on.

htmx 4 sends other headers than htmx-flask was written for; this shows that `page()` and
`see_other()` understand both.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Response, expect

from tests.people import ALICE
from tests.web.world import registered_place

pytestmark = pytest.mark.browser

FORM_BY_HTMX = """() => {
    const form = document.querySelector('main form');
    const answers = {'hx-post': form.action, 'hx-target': 'main', 'hx-select': 'main',
                     'hx-swap': 'outerHTML', 'hx-status:422': 'swap:outerHTML'};
    for (const [name, value] of Object.entries(answers)) form.setAttribute(name, value);
    htmx.process(form);
}"""


@pytest.fixture
def page(browser, app, served) -> Iterator[Page]:
    registered_place(app)
    context = browser.new_context(base_url=served)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def search(page: Page, words: str) -> Response:
    """Type into the register's search; the answer that htmx asked for."""
    with page.expect_response(lambda answer: f"q={words}" in answer.url) as answered:
        page.locator("#q").press_sequentially(words)
    expect(page).to_have_url(re.compile(f"q={words}"))
    return answered.value


def test_searching_swaps_the_results_and_nothing_else(page):
    page.goto("/en/register/")
    page.evaluate("document.querySelector('h1').dataset.untouched = 'yes'")
    answer = search(page, "nothing")
    assert "<!doctype" not in answer.text().lower()
    assert 'id="results"' in answer.text()
    assert "HX-Request" in answer.headers["vary"]
    assert answer.request.headers["hx-request"] == "true"
    expect(page.locator("#results")).to_contain_text("No matching results")
    assert page.get_attribute("h1", "data-untouched") == "yes"
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.input_value("#q") == "nothing"


def test_back_brings_a_whole_page(page):
    page.goto("/en/register/")
    search(page, "Listed")
    page.locator(".app-results h3 a").first.click()
    expect(page.locator("main dl")).to_be_visible()
    page.go_back()
    expect(page.locator(".app-results h3 a").first).to_contain_text("Listed")
    assert page.locator("header").count() == page.locator("h1").count() == 1
    assert page.input_value("#q") == "Listed"
    assert page.evaluate("document.compatMode") == "CSS1Compat"


def test_mistakes_in_a_form_of_htmx_get_the_focus(page, applicant):
    page.goto("/en/account/sign-in")
    page.evaluate(FORM_BY_HTMX)
    with page.expect_response("**/sign-in") as answered:
        page.locator("main form button:not([hidden])").last.click()
    assert answered.value.status == 422
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    assert page.locator("h1").count() == page.locator("main").count() == 1


def test_an_answer_that_leads_on_is_followed_by_the_whole_page(page, applicant):
    page.goto("/en/account/sign-in")
    page.evaluate(FORM_BY_HTMX)
    page.fill("#email", ALICE.email)
    page.fill("#passphrase", ALICE.passphrase)
    with page.expect_response("**/sign-in") as answered:
        page.locator("main form button:not([hidden])").last.click()
    assert answered.value.status == 204
    assert answered.value.headers["hx-redirect"].endswith("/en/apply/")
    page.wait_for_url("**/en/apply/")
    expect(page.locator("h1")).to_have_count(1)
    assert page.locator("header").count() == 1
