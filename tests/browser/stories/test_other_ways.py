"""The same application in other ways: without JavaScript, on a telephone, by keyboard alone."""

import pytest

from tests.browser.looking import TELEPHONE
from tests.browser.stories.applicant import Applicant
from tests.browser.stories.facilities import facilities, papers
from tests.browser.stories.keyboard import KeyboardApplicant

pytestmark = [pytest.mark.browser, pytest.mark.alone]


def apply(applicant: Applicant, cluster: str, folder) -> None:
    """From the first page to the confirmation, with one location."""
    own = facilities(cluster, applicant.lang, 1)
    applicant.sign_up(own.email)
    applicant.sign_in()
    applicant.begin()
    applicant.fill(own, papers(folder))
    applicant.review_and_submit()
    applicant.go("apply/")
    assert applicant.page.locator("main .nhsuk-card").count() == 1


def test_without_javascript(arrive, tmp_path):
    apply(arrive(Applicant, "en", javascript=False), "kowloon-west-cluster", tmp_path)


def test_on_a_telephone_in_chinese(arrive, tmp_path):
    applicant = arrive(Applicant, "tc", size=TELEPHONE)
    apply(applicant, "new-territories-east-cluster", tmp_path)
    for part, state in (("", "status"), ("documents", "documents, submitted")):
        applicant.go(applicant.application(part))
        applicant.look(state)
    for path in ("register/", "help", "account/", "how-to-join", "who-may-join", "enquiry"):
        applicant.go(path)
        applicant.look(path)


def test_by_keyboard_alone(arrive, tmp_path):
    apply(arrive(KeyboardApplicant, "en"), "kowloon-central-cluster", tmp_path)
