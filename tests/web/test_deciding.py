"""From submission to the register: decisions, the calendar, what applicant and officer see."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlmodel import Session, select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.accounts.models import Person
from portal.cases.models import Case, CaseEvent
from portal.cases.queries import documents_of
from portal.infra import db
from portal.infra.db import unit_of_work
from portal.infra.file_models import StoredFile
from portal.infra.mail import Mail
from portal.infra.tickets_models import Ticket
from portal.registry.actions import enter_location
from portal.registry.models import Institution, ServiceLocation
from tests.applying import Applicant
from tests.connecting import connect, connect_first, issued
from tests.people import SignIn, letters_to

import_jobs()

# Nine in the morning in Hong Kong.
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


class Office:
    """A registration officer at work on one application."""

    def __init__(self, client: FlaskClient, reference: str) -> None:
        self.client = client
        self.path = f"/en/staff/applications/{reference}"

    def decide(self, decision: str, reasons: str = ""):
        self.client.get(f"{self.path}/")
        form = {"decision": decision, "reasons": reasons}
        return self.client.post(f"{self.path}/decision", data=form)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def handed_in(app: Flask, clock, applicant: Person, sign_in: SignIn) -> Applicant:
    """An application with everything in it, submitted, its documents found clean."""
    applying = Applicant(sign_in(applicant)).begin("CLG").fill()
    applying.submit()
    run_waiting(app)
    return applying


@pytest.fixture
def office(handed_in: Applicant, registration_officer: Person, sign_in: SignIn) -> Office:
    return Office(sign_in(registration_officer), handed_in.reference)


def later(app: Flask, clock, **by: float) -> None:
    clock.shift(timedelta(**by))
    run_waiting(app)


def in_register(client: FlaskClient) -> bool:
    return "Chan Clinic" in client.get("/en/register/?q=Chan").text


def signed_in_again(app: Flask, handed_in: Applicant, applicant: Person, sign_in: SignIn) -> str:
    """The status page, by a browser whose session did not run out meanwhile."""
    handed_in.client = sign_in(applicant)
    return handed_in.client.get(f"{handed_in.path}/").text


def test_accepted_is_not_yet_registered(app, clock, handed_in, office, session: Session):
    assert office.decide("accept").status_code == 303
    run_waiting(app)
    case = handed_in.stored(session)
    assert case.state == "accepted"
    institution = session.get_one(Institution, case.institution_id)
    assert institution.number.startswith("HCI-")
    assert [place.name_sc for place in institution.locations] == ["陈氏诊所深水埗分店"]
    assert not in_register(office.client)


def test_fourteen_days_and_the_certificate_make_it_effective(
    app, clock, handed_in, office, applicant, registration_officer, sign_in, session
):
    office.decide("accept")
    run_waiting(app)
    connect_first(app, session)
    later(app, clock, days=13)
    assert handed_in.stored(session).state == "accepted"
    later(app, clock, days=1)
    assert handed_in.stored(session).state == "registered"
    assert in_register(app.test_client())
    assert "Registered" in signed_in_again(app, handed_in, applicant, sign_in)
    subjects = [letter.template for letter in letters_to(app, applicant.email)]
    assert subjects == [
        "registration_effective", "installation_code", "application_accepted",
        "application_received",
    ]  # fmt: skip


def test_the_certificate_alone_decides_after_the_fourteen_days(
    app, clock, handed_in, office, registration_officer, sign_in, session
):
    office.decide("accept")
    run_waiting(app)
    later(app, clock, days=20)
    assert handed_in.stored(session).state == "accepted"
    office.client = sign_in(registration_officer)
    connect_first(app, session)
    run_waiting(app)
    case = handed_in.stored(session)
    assert case.state == "registered"
    assert case.effective_at == case.installed_at


def test_the_days_begin_with_the_letter_and_not_with_the_decision(
    app, clock, handed_in, office, session
):
    office.decide("accept")
    assert handed_in.stored(session).handed_over_at is None
    later(app, clock, days=5)
    connect_first(app, session)
    handed_over_at = handed_in.stored(session).handed_over_at
    assert (handed_over_at - START).days == 5
    later(app, clock, days=10)
    assert handed_in.stored(session).state == "accepted"
    later(app, clock, days=4)
    assert handed_in.stored(session).state == "registered"


def test_without_the_certificate_it_lapses_after_sixty_days(
    app, clock, handed_in, office, applicant, session
):
    office.decide("accept")
    run_waiting(app)
    for days in (45, 7, 5, 2, 1):
        later(app, clock, days=days)
        assert handed_in.stored(session).state == "accepted", days
    later(app, clock, days=1)
    assert handed_in.stored(session).state == "lapsed"
    reminders = [m for m in letters_to(app, applicant.email) if m.template == "setup_reminder"]
    assert sorted(int(m.once.split(":")[1]) for m in reminders) == [2, 7, 14]


def test_a_lapsed_institution_leaves_the_register(app, clock, handed_in, office, session):
    office.decide("accept")
    run_waiting(app)
    later(app, clock, days=62)
    case = handed_in.stored(session)
    assert case.state == "lapsed"
    institution = session.get_one(Institution, case.institution_id)
    assert institution.ended_at == case.ended_at


@pytest.mark.parametrize("connected", [False, True], ids=["waiting", "connected"])
def test_cancelled_before_it_is_effective_its_case_is_over_too(
    app, clock, handed_in, office, applicant, sign_in, session, connected
):
    office.decide("accept")
    run_waiting(app)
    if connected:
        connect_first(app, session)
    session.rollback()
    number = session.exec(select(Institution)).one().number
    path = f"/en/staff/institutions/{number}/cancel"
    assert office.client.post(path, data={"reason": "breach"}).status_code == 303
    case = handed_in.stored(session)
    assert (case.state, case.ended_at is not None) == ("unsuccessful", True)
    assert "cancelled by the Registration Office" in office.client.get(f"{office.path}/").text
    page = signed_in_again(app, handed_in, applicant, sign_in)
    assert "cancelled the registration before it took effect" in page
    ended = session.exec(select(Institution)).one().ended_at
    run_waiting(app)
    session.rollback()
    documents = documents_of(session, handed_in.stored(session))
    assert {file.state for _document, file in documents} == {"removed"}
    for _ in range(4):
        later(app, clock, days=20)
    session.rollback()
    assert handed_in.stored(session).state == "unsuccessful"
    assert session.exec(select(Institution)).one().ended_at == ended
    assert session.exec(select(Ticket).where(Ticket.state == "failed")).all() == []
    told = {letter.template for letter in letters_to(app, applicant.email)}
    assert not told & {"setup_reminder", "setup_lapsed", "registration_effective"}


def without_letters(app: Flask, clock, days: int) -> None:
    """Days in which no letter leaves, and all other work is done."""
    clock.shift(timedelta(days=days))
    with Session(db.engine()) as on_record:
        letters = select(Ticket).where(Ticket.job == "send_mail", Ticket.state == "waiting")
        for ticket in on_record.exec(letters).all():
            ticket.due = datetime.now(UTC) + timedelta(hours=1)
            on_record.add(ticket)
        on_record.commit()
    run_waiting(app)


@pytest.mark.parametrize(("letter_after", "lapses_after"), [(61, 61 + 14), (50, 50 + 14)])
def test_a_letter_that_left_late_leaves_fourteen_days_and_then_it_lapses(
    app, clock, handed_in, office, applicant, session, letter_after, lapses_after
):
    office.decide("accept")
    without_letters(app, clock, letter_after)
    assert handed_in.stored(session).handed_over_at is None
    later(app, clock, hours=1, minutes=5)
    assert handed_in.stored(session).handed_over_at is not None
    clock.shift(timedelta(days=lapses_after - letter_after - 1))
    run_waiting(app)
    assert handed_in.stored(session).state == "accepted"
    later(app, clock, days=2)
    assert handed_in.stored(session).state == "lapsed"
    templates = [m.template for m in letters_to(app, applicant.email)]
    assert templates[0] == "setup_lapsed"
    assert templates.count("setup_reminder") >= 2


def test_missing_documents_lapse_after_sixty_days_with_reminders(
    app, clock, handed_in, applicant, session
):
    spoil_one_document(session)
    later(app, clock, days=59)
    assert handed_in.stored(session).state == "submitted"
    later(app, clock, days=2)
    assert handed_in.stored(session).state == "lapsed"
    templates = [m.template for m in letters_to(app, applicant.email)]
    assert templates.count("documents_reminder") == 3
    assert templates[0] == "documents_lapsed"
    files = session.exec(select(StoredFile).where(StoredFile.filename != "")).all()
    assert [f.filename for f in files if f.owner == f"case:{handed_in.reference}"] == [
        f"eHealth-{handed_in.reference}.pdf"
    ]


def test_complete_documents_do_not_lapse(app, clock, handed_in, session):
    later(app, clock, days=61)
    assert handed_in.stored(session).state == "submitted"


def spoil_one_document(session: Session) -> None:
    """As if the check had refused it after the application was handed in."""
    session.rollback()
    wanted = select(StoredFile).where(StoredFile.filename == "business_registration.pdf")
    file = session.exec(wanted).one()
    file.state, file.reason, file.blob, file.thumbnail_blob = "refused", "broken", "", ""
    session.add(file)
    session.commit()


def test_it_cannot_be_accepted_with_a_refused_document(handed_in, office, session):
    spoil_one_document(session)
    answer = office.decide("accept")
    assert answer.status_code == 422
    assert "The documents are not complete" in answer.text
    assert handed_in.stored(session).state == "submitted"


def test_a_decision_needs_reasons_to_decline_and_keeps_them(app, handed_in, office, session):
    assert office.decide("decline", "  ").status_code == 422
    reasons = "The licence <has> ended.\nPlease renew it."
    assert office.decide("decline", reasons).status_code == 303
    assert handed_in.stored(session).state == "unsuccessful"
    told = session.exec(select(CaseEvent).where(CaseEvent.tag == "declined")).one()
    assert told.note == reasons
    letter = session.exec(select(Mail).where(Mail.template == "application_declined")).one()
    assert reasons in letter.body_text
    assert "&lt;has&gt;" in letter.body_html


@pytest.mark.parametrize("reasons", ["a\x00b", "abc\u202edef", "x" * 4001])
def test_reasons_no_letter_can_carry_are_refused_and_kept_in_the_form(handed_in, office, reasons):
    answer = office.decide("decline", reasons)
    assert answer.status_code == 422
    assert 'id="reasons-error"' in answer.text


def test_the_queue_asks_as_much_of_the_database_for_many_as_for_one(office, handed_in, session):
    def statements() -> int:
        asked: list[str] = []
        note = lambda *told: asked.append(told[2])  # noqa: E731
        event.listen(db.engine(), "before_cursor_execute", note)
        assert office.client.get("/en/staff/applications/").status_code == 200
        event.remove(db.engine(), "before_cursor_execute", note)
        return len(asked)

    one = statements()
    given = handed_in.stored(session).model_dump(exclude={"id", "reference"})
    session.add_all(Case(**given, reference=f"MORE{number}") for number in range(9))
    session.commit()
    assert statements() == one


def test_a_long_queue_has_pages_and_says_how_long_it_is(office, handed_in, session):
    given = handed_in.stored(session).model_dump(exclude={"id", "reference"})
    session.add_all(Case(**given, reference=f"MORE{number:04}") for number in range(219))
    session.commit()
    first = office.client.get("/en/staff/applications/").text
    assert "220 applications" in first
    assert len(set(re.findall(r"/applications/([A-Z0-9]{8,9})/", first))) == 50
    fifth = office.client.get("/en/staff/applications/?page=5").text
    assert len(set(re.findall(r"/applications/([A-Z0-9]{8,9})/", fifth))) == 20
    sought = office.client.get("/en/staff/applications/?q=Chan").text
    assert "220 applications" in sought and "q=Chan&amp;page=2" in sought


def test_a_second_decision_is_refused(handed_in, office, session):
    office.decide("accept")
    answer = office.decide("decline", "Too late")
    assert answer.status_code == 422
    assert handed_in.stored(session).state == "accepted"


def test_a_draft_is_not_there_for_staff(app, applicant, registration_officer, sign_in: SignIn):
    draft = Applicant(sign_in(applicant)).begin("CLG")
    answer = sign_in(registration_officer).get(f"/en/staff/applications/{draft.reference}/")
    assert answer.status_code == 404


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_the_queue_and_the_case_in_each_language(office, handed_in, lang):
    assert handed_in.shown_reference in office.client.get(f"/{lang}/staff/applications/").text
    page = office.client.get(f"/{lang}/staff/applications/{handed_in.reference}/").text
    assert "陳氏診所深水埗分店" in page


def test_every_case_is_in_one_queue(office, handed_in):
    def counts() -> list[int]:
        page = office.client.get("/en/staff/applications/").text
        return [int(n) for n in re.findall(r"\((\d+)\)</a>", page)]

    assert counts() == [1, 0, 0]
    office.decide("accept")
    assert counts() == [0, 1, 0]


def test_places_become_effective_as_they_connect(app, clock, handed_in, office, session):
    """The first place lets the registration begin; the second follows at its own first use."""
    office.decide("accept")
    run_waiting(app)
    first = session.exec(select(ServiceLocation)).one()
    with unit_of_work(app) as rows:
        owner = rows.get_one(Institution, first.institution_id)
        second = enter_location(
            rows, owner, district="kt", name_en="Second Place", address_en="2 Road",
            by="test", now=START,
        )  # fmt: skip
    assert connect(app.test_client(), issued(app, first)).status_code == 200
    later(app, clock, days=15)
    assert handed_in.stored(session).state == "registered"
    assert entry_of(session, second).effective_at is None
    assert in_register(app.test_client())
    assert connect(app.test_client(), issued(app, second)).status_code == 200
    run_waiting(app)
    assert entry_of(session, second).effective_at is not None
    told = session.exec(select(CaseEvent).where(CaseEvent.tag == "installed")).all()
    assert [event.values["location"] for event in told] == [first.number, second.number]


def entry_of(session: Session, place: ServiceLocation) -> ServiceLocation:
    session.rollback()
    return session.get_one(ServiceLocation, place.id, populate_existing=True)
