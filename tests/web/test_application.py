"""The applicant's pages, from the kind of institution to the confirmation."""

import re

import pytest
from flask.testing import FlaskClient
from sqlmodel import Session, select

from jobs.worker import import_jobs
from portal.accounts.models import Person
from portal.cases.models import Answer, Case
from portal.infra.mail import Mail
from tests.applying import Applicant, soundly
from tests.people import SignIn

import_jobs()


@pytest.fixture
def client(applicant: Person, sign_in: SignIn) -> FlaskClient:
    return sign_in(applicant)


@pytest.fixture
def applying(client: FlaskClient) -> Applicant:
    return Applicant(client)


def test_the_kind_decides_documents_and_notices(client):
    private = client.get("/en/apply/before?kind=PH").text
    clinic = client.get("/en/apply/before?kind=CLS").text
    assert "Hospital licence" in private
    assert "Hospital licence" not in clinic


def test_without_a_kind_the_question_is_asked_again(client):
    answer = client.get("/en/apply/before?kind=nothing")
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_a_sound_institution_is_kept_and_leads_on(applying, session: Session):
    applying.begin("CLG")
    answer = applying.save("institution", soundly("institution"))
    assert answer.status_code == 303
    assert answer.location.endswith("/users")
    kept = session.exec(select(Answer).where(Answer.step == "institution")).one()
    assert kept.answers["name_tc"] == "陳氏診所"
    assert kept.answers["phone"] == "23456789"
    assert kept.sound


def test_problems_come_back_with_what_was_typed(applying):
    applying.begin("CLG")
    answer = applying.save("institution", {**soundly("institution"), "phone": "12"})
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert 'id="phone-error"' in answer.text
    assert 'value="12"' in answer.text


def test_anything_may_be_saved_for_later(applying, session: Session):
    applying.begin("CLG")
    answer = applying.save("institution", {"phone": "12", "later": "yes"})
    assert answer.status_code == 303
    kept = session.exec(select(Answer).where(Answer.step == "institution")).one()
    assert kept.answers["phone"] == "12"
    assert not kept.sound


def test_two_tabs_never_overwrite_each_other_silently(applying, session: Session):
    applying.begin("CLG")
    applying.save("institution", {**soundly("institution"), "authorised_name": "First tab"})
    stale = {**soundly("institution"), "authorised_name": "Second tab", "revision": "0"}
    answer = applying.save("institution", stale, revision=None)
    assert answer.status_code == 409
    assert "First tab" in answer.text
    assert 'value="Second tab"' in answer.text
    kept = session.exec(select(Answer).where(Answer.step == "institution")).one()
    assert kept.answers["authorised_name"] == "First tab"

    shown = re.search(r'name="revision" value="(\d+)"', answer.text)[1]
    again = applying.save("institution", {**stale, "revision": shown}, revision=None)
    assert again.status_code == 303
    session.rollback()
    session.refresh(kept)
    assert kept.answers["authorised_name"] == "Second tab"


def test_a_removed_row_comes_back_with_undo(applying, session: Session):
    applying.begin("CLG")
    row = applying.add("locations", soundly("locations"))
    removed = applying.client.post(f"{applying.path}/locations/{row}/remove")
    assert removed.status_code == 303
    listed = applying.client.get(removed.location)
    assert "Undo" in listed.text
    assert "No service location yet" in listed.text
    applying.client.post(f"{applying.path}/locations/{row}/restore")
    assert "Chan Clinic" in applying.client.get(f"{applying.path}/locations").text


@pytest.mark.parametrize("revision", ["0", "1"])
def test_a_row_removed_in_another_tab_is_there_again_when_saved(applying, session, revision):
    """Also with the browser's Back to the form that first made it."""
    applying.begin("CLG")
    row = applying.add("users", soundly("users"))
    applying.client.post(f"{applying.path}/users/{row}/remove")
    form = {**soundly("users"), "surname": "Wong", "revision": revision}
    assert applying.client.post(f"{applying.path}/users/{row}", data=form).status_code == 303
    kept = session.exec(select(Answer).where(Answer.step == "users")).one()
    assert kept.removed_at is None
    assert kept.answers["surname"] == "Wong"


def test_submitting_is_refused_while_anything_is_missing(applying, session: Session):
    applying.begin("CLG")
    for leave_out in ("notices", "institution", "users", "locations", "documents"):
        case = Applicant(applying.client)
        case.begin("CLG")
        case.fill(leave_out=leave_out)
        answer = case.client.post(f"{case.path}/submit", data={"declaration": "yes"})
        assert answer.status_code == 422, leave_out
        assert case.stored(session).state == "draft", leave_out


def test_letters_are_written_in_the_language_asked_for(applying, session: Session):
    """Whatever language the pages were read in."""
    applying.begin("CLG").fill()
    applying.save("institution", {**soundly("institution"), "letters": "tc"})
    applying.submit()
    letter = session.exec(select(Mail).where(Mail.template == "application_received")).one()
    assert letter.lang == "tc"


def test_a_declaration_is_needed(applying, session: Session):
    applying.begin("CLG").fill()
    answer = applying.client.post(f"{applying.path}/submit")
    assert answer.status_code == 422
    assert 'href="#declaration"' in answer.text
    assert applying.stored(session).state == "draft"


def test_a_second_click_meets_the_same_confirmation(applying, session: Session):
    applying.begin("CLG").fill()
    first = applying.submit()
    second = applying.submit()
    assert first.location == second.location
    assert session.exec(select(Case)).all() == [applying.stored(session)]
    page = applying.client.get(first.location)
    assert applying.shown_reference in page.text


def test_what_was_handed_in_cannot_be_changed(applying, session: Session):
    applying.begin("CLG").fill()
    applying.submit()
    changed = applying.save("institution", {**soundly("institution"), "name_en": "Other"})
    assert changed.status_code == 409
    kept = session.exec(select(Answer).where(Answer.step == "institution")).one()
    assert kept.answers["name_en"] == "Chan & Co Clinics"
    assert applying.client.get(f"{applying.path}/institution").status_code == 303


def test_at_least_one_user_administrator(applying):
    applying.begin("CLG").fill(leave_out="users")
    applying.add("users", {**soundly("users"), "roles": ["registration_clerk"]})
    answer = applying.client.get(f"{applying.path}/review")
    assert "At least one user must be user administrator" in answer.text


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_every_page_of_a_draft_in_each_language(applying, lang):
    applying.lang = lang
    applying.begin("CLG").fill()
    parts = ("", "notices", "institution", "users", "users/new", "locations", "documents", "review")
    for part in parts:
        assert applying.client.get(f"{applying.path}/{part}").status_code == 200, part


def test_production_shows_no_sample_notice_in_a_draft_begun_before(applying, portal_settings):
    applying.begin("CLG")
    applying.client.get(f"{applying.path}/notices")
    portal_settings.production = True
    for answer in (
        applying.client.get(f"{applying.path}/notices"),
        applying.client.get(f"{applying.path}/notices/guide"),
        applying.client.post(f"{applying.path}/notices", data={"notice": ["guide"]}),
    ):
        assert answer.status_code == 409
        assert "an official text is not in place" in answer.text
        assert "SAMPLE" not in answer.text


def test_production_takes_no_application_on_sample_notices(applying, session, portal_settings):
    applying.begin("CLG").fill()
    applying.client.get(f"{applying.path}/review")
    portal_settings.production = True
    answer = applying.client.post(f"{applying.path}/submit", data={"declaration": "yes"})
    assert answer.status_code == 422
    assert "an official text is not in place" in answer.text
    assert applying.stored(session).state == "draft"
    assert "There is a problem" in applying.client.get(f"{applying.path}/").text


def test_the_documents_asked_for_are_those_of_the_day_it_was_begun(applying, session):
    """Also once a licence that came later is asked of everybody else."""
    case = applying.begin("CLS").stored(session)
    asked = 'id="clinic_licence"'
    assert asked in applying.client.get(f"{applying.path}/documents").text
    case.form_version = "2025-10-12"
    session.add(case)
    session.commit()
    assert asked not in applying.client.get(f"{applying.path}/documents").text


def test_the_number_is_shown_by_example_and_never_refused(applying, session):
    applying.begin("CLG")
    form = {**soundly("users"), "registration_number": "quite different"}
    row = applying.add("users", form)
    page = applying.client.get(f"{applying.path}/users/{row}").text
    assert "for example M12345" in page
    assert session.exec(select(Answer).where(Answer.step == "users")).one().sound


def test_a_location_says_which_kinds_of_data_it_will_share(applying):
    applying.begin("CLG")
    row = applying.add("locations", {**soundly("locations"), "shares": ["laboratory", "images"]})
    page = applying.client.get(f"{applying.path}/review").text
    assert "Laboratory and radiology reports" in page and "Radiology images" in page
    assert "Healthcare referrals" not in page
    form = {**soundly("locations"), "shares": ["secrets"], "revision": "1"}
    answer = applying.client.post(f"{applying.path}/locations/{row}", data=form)
    assert answer.status_code == 422
