"""Documents of an application: sent, replaced, refused."""

import io
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.accounts.models import Person
from tests.applying import ONE_PAGE_PDF, Applicant
from tests.people import SignIn

import_jobs()


@pytest.fixture
def client(applicant: Person, sign_in: SignIn) -> FlaskClient:
    return sign_in(applicant)


@pytest.fixture
def applying(client: FlaskClient) -> Applicant:
    return Applicant(client)


def replaced(applying: Applicant, with_file: tuple[bytes, str], **form: str) -> TestResponse:
    """Send a file in place of the first one that the page offers to replace."""
    page = applying.client.get(f"{applying.path}/documents").text
    form = {"replaces": re.search(r'name="replaces" value="([0-9a-f-]{36})"', page)[1], **form}
    content, name = with_file
    return applying.client.post(
        f"{applying.path}/documents/business_registration",
        data={"csrf_token": applying.client.token, **form, "file": (io.BytesIO(content), name)},
        content_type="multipart/form-data",
    )


def shown_documents(applying: Applicant) -> list[str]:
    page = applying.client.get(f"{applying.path}/documents").text
    names = re.findall(r'class="app-file__name">(?:<a[^>]*>)?([^<]+)', page)
    return [name.strip() for name in names]


def test_a_replaced_document_goes_once_the_new_one_is_found_clean(app, applying):
    applying.begin("CLG")
    applying.upload("business_registration", "old.pdf", ONE_PAGE_PDF)
    run_waiting(app)
    assert replaced(applying, (ONE_PAGE_PDF, "new.pdf")).status_code == 303
    assert shown_documents(applying) == ["old.pdf", "new.pdf"]
    assert "Takes the place of old.pdf" in applying.client.get(f"{applying.path}/documents").text
    run_waiting(app)
    assert shown_documents(applying) == ["new.pdf"]


@pytest.mark.parametrize(
    "wrong", [(b"MZ", "wrong.exe"), (b"%PDF-1.4 broken", "broken.pdf")], ids=["kind", "content"]
)
def test_a_good_document_survives_a_bad_one_sent_to_replace_it(app, applying, wrong):
    applying.begin("CLG")
    applying.upload("business_registration", "good.pdf", ONE_PAGE_PDF)
    run_waiting(app)
    assert replaced(applying, wrong).status_code == 303
    run_waiting(app)
    assert shown_documents(applying) == ["good.pdf", wrong[1]]


def test_a_document_that_was_handed_in_is_not_replaced(app, applying):
    applying.begin("CLG").fill()
    run_waiting(app)
    page = applying.client.get(f"{applying.path}/documents").text
    held = re.search(r'name="replaces" value="([0-9a-f-]{36})"', page)[1]
    applying.submit()
    before = shown_documents(applying)
    form = {"replaces": held, "file": (io.BytesIO(ONE_PAGE_PDF), "new.pdf")}
    answer = applying.client.post(
        f"{applying.path}/documents/business_registration",
        data={"csrf_token": applying.client.token, **form},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422
    assert "cannot be removed" in answer.text
    run_waiting(app)
    assert shown_documents(applying) == before


def test_handed_in_while_the_new_one_is_checked_both_stay(app, applying):
    applying.begin("CLG").fill()
    run_waiting(app)
    before = shown_documents(applying)
    replaced(applying, (ONE_PAGE_PDF, "new.pdf"))
    applying.submit()
    run_waiting(app)
    assert sorted(shown_documents(applying)) == sorted([*before, "new.pdf"])


def test_only_a_document_of_the_same_type_is_replaced(app, applying):
    applying.begin("CLG")
    applying.upload("incorporation", "other.pdf", ONE_PAGE_PDF)
    assert replaced(applying, (ONE_PAGE_PDF, "new.pdf")).status_code == 404


def test_without_a_file_the_upload_says_so(applying):
    applying.begin("CLG")
    answer = applying.client.post(f"{applying.path}/documents/business_registration", data={})
    assert answer.status_code == 422
    assert 'href="#file-business_registration"' in answer.text
