"""The checklist that institution and office share, its countdown, and support for the set-up."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.cases.models import Case
from portal.certificates.models import SetUpNote
from portal.infra import db as database
from portal.infra.db import unit_of_work
from portal.registry.models import ServiceLocation
from portal.support.models import Enquiry
from tests import certificates as given

import_jobs()


@pytest.fixture
def ours(app, applicant):
    return given.accepted(app, applicant, places=2)


@pytest.fixture
def client(ours, applicant, sign_in):
    client = sign_in(applicant)
    client.get(ours.set_up)
    return client


@pytest.fixture
def officer(ours, registration_officer, sign_in):
    client = sign_in(registration_officer)
    client.get(ours.set_up)
    return client


def notes(session) -> dict[str, str]:
    session.rollback()
    return {note.item: note.told for note in session.exec(select(SetUpNote))}


def test_each_side_notes_its_own_part_and_both_see_all(client, officer, ours, session):
    place = ours.places[0]
    said = {f"{place}-records_system": " Clinic  Pro ", f"{place}-licence": "accepted"}
    forged = {f"{place}-reader": "2026-12-01"}
    assert client.post(ours.set_up, data={**said, **forged}).status_code == 303
    sent = {f"{place}-reader": "2026-12-24", f"{place}-records_system": "forged"}
    assert officer.post(ours.set_up, data=sent).status_code == 303
    assert notes(session) == {
        "records_system": "Clinic Pro", "licence": "accepted", "reader": "2026-12-24",
    }  # fmt: skip
    assert "24 December 2026" in client.get(ours.set_up).text
    assert "Clinic Pro" in officer.get(ours.set_up).text


def test_what_cannot_be_kept_is_said_and_stays(client, officer, ours, session):
    place = ours.places[1]
    wrong = {f"{place}-deposit": "perhaps", f"{place}-records_system": "x" * 101}
    answer = client.post(ours.set_up, data=wrong)
    assert answer.status_code == 422
    assert f'id="{place}-deposit-error"' in answer.text and "x" * 101 in answer.text
    assert "at most 100 characters" in answer.text
    answer = officer.post(ours.set_up, data={f"{place}-reader": "soon"})
    assert answer.status_code == 422 and "Choose a day" in answer.text
    assert notes(session) == {}


def test_a_note_can_be_taken_back(client, ours, session):
    place = ours.places[0]
    client.post(ours.set_up, data={f"{place}-label": "yes"})
    assert notes(session) == {"label": "yes"}
    client.post(ours.set_up, data={})
    assert notes(session) == {"label": ""}


def test_htmx_gets_the_summary_with_the_countdown(client, officer, ours):
    for someone in (client, officer):
        part = someone.get(ours.set_up, headers={"HX-Request": "true"}).text
        assert "<!doctype" not in part and "60 days left" in part
        assert "0 of 2 service locations" in part


def test_the_pages_of_both_sides_lead_to_it(client, officer, ours):
    link = f'hx-get="{ours.set_up}"'
    assert link in client.get(f"/en/apply/{ours.reference}/").text
    assert link in officer.get(f"/en/staff/applications/{ours.reference}/").text


def test_the_stage_of_each_certificate_is_shown(app, client, ours, session):
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        first, second = (given.place_numbered(db, number) for number in ours.places)
        given.issued(db, first, first_used_at=now)
        revoked = {"revoked_at": now, "revocation_reason": "keyCompromise", "revoked_by": "x"}
        given.issued(db, first, **revoked)
        ends = now + timedelta(days=30)
        given.issued(db, second, first_used_at=now, not_after=ends)
    text = client.get(ours.set_up).text
    summary = text.partition("<form")[0]
    assert re.findall(r"nhsuk-tag[^>]*>([^<]+)<", text)[:2] == ["Installed", "Ends soon"], summary


def test_five_hundred_places_ask_as_much_of_the_database_as_two(app, client, ours, session):
    def statements(address: str) -> int:
        asked: list[str] = []
        note = lambda *told: asked.append(told[2])  # noqa: E731
        event.listen(database.engine(), "before_cursor_execute", note)
        assert client.get(address).status_code == 200
        event.remove(database.engine(), "before_cursor_execute", note)
        return len(asked)

    few = statements(ours.set_up)
    with unit_of_work(app) as db:
        one = given.place_numbered(db, ours.places[0])
        columns = one.model_dump(exclude={"id", "number"})
        db.add_all(ServiceLocation(**columns, number=f"HSL-{n}") for n in range(498))
    # One more where the session is noted as seen meanwhile.
    assert statements(ours.set_up) <= few + 1
    assert "Places 481 to 500 are shown here" in client.get(f"{ours.set_up}?page=25").text


def test_notes_of_a_later_page_are_kept_for_its_places(app, client, ours, session):
    with unit_of_work(app) as db:
        one = given.place_numbered(db, ours.places[0])
        columns = one.model_dump(exclude={"id", "number"})
        db.add_all(ServiceLocation(**columns, number=f"HSL-{n}") for n in range(30))
    client.post(
        f"{ours.set_up}?page=2", data={"HSL-29-label": "yes", f"{ours.places[0]}-label": "yes"}
    )
    session.rollback()
    kept = session.exec(select(SetUpNote)).all()
    assert [session.get(ServiceLocation, note.location_id).number for note in kept] == ["HSL-29"]


def test_a_lapsed_application_s_set_up_is_nobody_s(app, client, ours):
    with unit_of_work(app) as db:
        case = db.exec(select(Case).where(Case.reference == ours.reference)).one()
        case.state = "lapsed"
        db.add(case)
    assert client.get(ours.set_up).status_code == 404
    assert client.get(ours.certificate()).status_code == 404


# Support for the set-up


def support(ours) -> str:
    return f"/en/enquiry/set-up/{ours.reference}"


def test_a_request_for_support_carries_what_the_check_found(app, client, ours, officer, session):
    found = "Chrome 140, Windows\nno certificate was shown"
    asked = client.get(support(ours), query_string={"diagnosis": found}).text
    assert "no certificate was shown" in asked
    once = re.search(r'name="once"[^>]*value="([^"]+)"', asked)[1]
    form = {"message": "It does not connect", "diagnosis": found, "once": once}
    assert client.post(support(ours), data=form).status_code == 303
    assert client.post(support(ours), data=form).status_code == 303
    session.rollback()
    kept = session.exec(select(Enquiry)).one()
    assert (kept.subject, kept.about, kept.diagnosis) == ("set_up", ours.reference, found)
    shown = officer.get(f"/en/enquiries/{kept.reference}").text
    assert "no certificate was shown" in shown


def test_a_request_without_words_is_asked_again(client, ours, session):
    client.get(support(ours))
    answer = client.post(support(ours), data={"message": "", "diagnosis": "x" * 2001})
    assert answer.status_code == 422
    assert "2000 characters or fewer" in answer.text
    assert session.exec(select(Enquiry)).all() == []


def test_after_its_days_other_help_is_shown(app, client, ours, session):
    with unit_of_work(app) as db:
        case = db.exec(select(Case).where(Case.reference == ours.reference)).one()
        case.handed_over_at = datetime.now(UTC) - timedelta(days=15)
        db.add(case)
    page = client.get(support(ours)).text
    assert "ended on" in page and "3467 6230" in page
    client.get(ours.set_up)
    answer = client.post(support(ours), data={"message": "Help"})
    assert answer.status_code == 409
    assert session.exec(select(Enquiry)).all() == []


def test_the_set_up_page_asks_for_the_form_with_the_diagnosis(client, ours):
    page = client.get(ours.set_up, query_string={"diagnosis": "expired <b>"}).text
    assert f"{support(ours)}?diagnosis=expired+%3Cb%3E" in page.replace("%20", "+")
    part = client.get(support(ours), headers={"HX-Request": "true"}).text
    assert "<!doctype" not in part and "<form" in part


def test_an_acceptance_sends_the_code_in_a_letter_of_its_own(app, client, ours, applicant, session):
    from portal.infra.tickets import Job, enqueue
    from tests.people import letters_to

    with unit_of_work(app) as db:
        enqueue(
            db, Job.SEND_INSTALLATION_CODE, once="x", institution_id=ours.id,
            person_id=applicant.id,
        )  # fmt: skip
    run_waiting(app)
    assert [m.template for m in letters_to(app, applicant.email)] == ["installation_code"]


@pytest.mark.parametrize("page", ["0", "-1", "9" * 40, "x"])
def test_a_page_that_is_not_there_is_the_nearest_one(client, ours, page):
    assert client.get(f"{ours.set_up}?page={page}").status_code == 200
    assert client.post(f"{ours.set_up}?page={page}", data={}).status_code == 303


def test_a_certificate_s_number_beyond_all_numbers_is_not_there(client, ours):
    assert client.get(f"{ours.certificate()}{'9' * 40}/").status_code == 404


def test_a_place_is_on_the_list_until_the_day_it_leaves(app, client, ours):
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        left, leaving = (given.place_numbered(db, number) for number in ours.places)
        left.ended_at, leaving.ended_at = now - timedelta(days=1), now + timedelta(days=1)
        db.add_all((left, leaving))
    page = client.get(ours.set_up).text
    assert ours.places[0] not in page and ours.places[1] in page
