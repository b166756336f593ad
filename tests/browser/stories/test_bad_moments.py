"""A second click, a second window, a session that ends, a row removed by mistake."""

import uuid

import pytest

from tests.browser.stories.applicant import PASSPHRASE, Applicant
from tests.browser.stories.facilities import facilities, papers
from tests.browser.stories.visiting import MAIN_BUTTON

pytestmark = [pytest.mark.browser, pytest.mark.alone]

OWN = facilities("kowloon-east-cluster", "en", 1)


@pytest.fixture
def applicant(arrive) -> Applicant:
    """Somebody with a draft just begun."""
    there: Applicant = arrive(Applicant)
    there.sign_up(f"{uuid.uuid4().hex[:8]}@applicants.example.org")
    there.sign_in()
    there.begin()
    return there


def test_two_clicks_and_a_second_window_submit_once(applicant, tmp_path):
    applicant.fill(OWN, papers(tmp_path))
    second = applicant.new_tab()
    second.goto(applicant.page.url)
    applicant.answer({"declaration": "yes"})
    applicant.page.locator(MAIN_BUTTON).dblclick(no_wait_after=True)
    applicant.page.wait_for_url("**/confirmation")
    reference = applicant.shown_reference()
    second.check('[name="declaration"]')
    with second.expect_navigation():
        second.locator(MAIN_BUTTON).click()
    assert second.url == applicant.page.url
    assert reference == applicant.reference
    applicant.go("apply/")
    assert applicant.page.locator("main .nhsuk-card").count() == 1
    applicant.letter(applicant.email, "received")
    applicant.go("dev/mail")
    letters = applicant.page.locator("main tbody tr").filter(has_text=applicant.email)
    assert letters.filter(has_text="received").count() == 1


def test_two_windows_do_not_overwrite_each_other_silently(applicant):
    applicant.go(applicant.application("institution"))
    second = applicant.new_tab()
    second.goto(applicant.page.url)
    second.fill("#name_en", "Typed in the second window")
    with second.expect_navigation():
        second.locator("button[name=later]").click()
    applicant.answer({"name_en": "Typed in the first window"})
    applicant.press("button[name=later]")
    applicant.look("step 1, changed elsewhere")
    assert "Typed in the second window" in applicant.words()
    assert applicant.page.input_value("#name_en") == "Typed in the first window"
    applicant.press("button[name=later]")
    applicant.go(applicant.application("institution"))
    assert applicant.page.input_value("#name_en") == "Typed in the first window"


def test_what_was_typed_when_the_session_ended_is_there_again(applicant, arrive):
    applicant.go(applicant.application("institution"))
    applicant.answer(OWN.institution())
    elsewhere: Applicant = arrive(Applicant)
    elsewhere.email = applicant.email
    elsewhere.sign_in()
    elsewhere.go("account/")
    elsewhere.look("account")
    elsewhere.press('form[action*="/sessions/end"] button')
    applicant.press()
    applicant.look("sign in, typing kept")
    applicant.answer({"email": applicant.email, "passphrase": PASSPHRASE})
    applicant.press()
    applicant.look("typing kept")
    applicant.press()
    applicant.go(applicant.application("institution"))
    for name in ("name_en", "name_tc", "correspondence_address"):
        assert applicant.page.input_value(f"#{name}") == OWN.institution()[name]


def test_a_removed_row_comes_back(applicant):
    applicant.go(applicant.application("users"))
    applicant.add_row("users", OWN.user())
    applicant.press('form[action$="/remove"] button')
    applicant.look("users: removed")
    assert applicant.page.locator(".app-rows__row").count() == 0
    applicant.press('form[action$="/restore"] button')
    assert applicant.page.locator(".app-rows__row").count() == 1
    assert "Chan Tai Man" in applicant.words()


def test_a_stranger_meets_the_same_page_as_for_nothing(applicant, arrive):
    stranger: Applicant = arrive(Applicant)
    stranger.sign_up(f"{uuid.uuid4().hex[:8]}@applicants.example.org")
    stranger.sign_in()
    told = []
    for reference in (applicant.reference, "AA2AA2AAA"):
        stranger.go(f"apply/{reference}/")
        stranger.look("not found")
        told.append(stranger.words())
    assert told[0] == told[1]
