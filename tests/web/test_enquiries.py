"""Questions from anybody: kept once, confirmed in the visitor's language, deleted after a year."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from portal.infra.audit import AuditEntry
from portal.infra.clock import now
from portal.infra.db import engine, unit_of_work
from portal.infra.mail import Mail
from portal.infra.tickets_models import Ticket
from portal.support import actions
from portal.support.models import Enquiry
from portal.support.queries import PAGE
from portal.support.rules import SUBJECTS, State
from portal.support.steps import EnquiryForm

ASKED = {
    "subject": "joining",
    "message": "我們診所只有一人，可以登記嗎？\n第二行",
    "name": "陳大文",
    "email": "chan@example.org",
    "phone": "２３４５ ６７８９",
    "institution": "",
    "about": "",
    "website": "",
}


def opened(client, lang="en", **asked) -> dict[str, str]:
    """A form as somebody opens it and fills it in."""
    page = client.get(f"/{lang}/enquiry").text
    once = re.search(r'name="once"[^>]* value="([0-9a-f]{32})"', page)
    assert once
    return {**ASKED, "once": once[1], **asked}


def send(client, asked, lang="en"):
    return client.post(f"/{lang}/enquiry", data=asked)


@pytest.fixture
def rows(app):
    """Reads a table anew. The app's context ends with it: requests must not share one."""

    def read(table, **wanted):
        with app.app_context(), Session(engine(), expire_on_commit=False) as db:
            return list(db.exec(select(table).filter_by(**wanted)))

    return read


@pytest.mark.parametrize(
    ("lang", "subject", "sent"),
    [("en", "We have received your question", "Question sent"),
     ("tc", "我們已收到你的查詢", "查詢已傳送"), ("sc", "我们已收到你的查询", "查询已传送")],
)  # fmt: skip
def test_a_question_is_kept_confirmed_and_given_a_reference(client, rows, lang, subject, sent):
    answer = send(client, opened(client, lang), lang)
    assert answer.status_code == 303
    (enquiry,) = rows(Enquiry)
    assert (enquiry.language, enquiry.state, enquiry.phone) == (lang, "open", "23456789")
    assert enquiry.message == ASKED["message"]
    page = client.get(answer.location).text
    spoken = "-".join(re.findall("...", enquiry.reference))
    assert sent in page and spoken in page
    (mail,) = rows(Mail)
    assert mail.recipient == ASKED["email"] and subject in mail.subject and spoken in mail.subject


def test_nothing_typed_goes_out_to_an_address_nobody_confirmed(client, rows):
    send(client, opened(client, name="Buy now www.example.com", message="Buy now"))
    (mail,) = rows(Mail)
    assert "Buy" not in mail.subject + mail.body_text + mail.body_html


def test_the_page_after_sending_shows_nothing_personal(client, rows):
    answer = send(client, opened(client))
    page = client.get(answer.location).text
    assert not any(ASKED[key] in page for key in ("name", "email", "message"))


def test_sent_twice_is_one_question_with_one_letter(client, rows):
    asked = opened(client)
    first, second = send(client, asked), send(client, asked)
    assert first.location == second.location
    assert len(rows(Enquiry)) == len(rows(Mail)) == 1


def test_two_clicks_at_once_are_one_question(client, rows, monkeypatch):
    asked = opened(client)
    first = send(client, asked)
    looks = iter([None])
    real = actions.sent_before
    monkeypatch.setattr(actions, "sent_before", lambda db, once: next(looks, real(db, once)))
    assert send(client, asked).location == first.location
    assert len(rows(Enquiry)) == 1


def test_another_clash_is_not_taken_for_a_second_click(client, rows, monkeypatch):
    send(client, opened(client))
    (enquiry,) = rows(Enquiry)
    monkeypatch.setattr(actions, "new_code", lambda: enquiry.reference)
    with pytest.raises(IntegrityError):
        send(client, opened(client, message="another"))


def test_corrected_after_going_back_it_is_another_question(client, rows):
    asked = opened(client)
    send(client, {**asked, "email": "wrong@example.org"})
    send(client, asked)
    assert {e.email for e in rows(Enquiry)} == {"wrong@example.org", ASKED["email"]}


@pytest.mark.parametrize(("lang", "word"), [("en", "Error:"), ("tc", "錯誤："), ("sc", "错误：")])
def test_what_is_missing_is_named_and_what_was_typed_stays(client, rows, lang, word):
    answer = send(client, opened(client, lang, email="not an address", name=""), lang)
    assert answer.status_code == 422
    assert "我們診所只有一人" in answer.text and "not an address" in answer.text
    assert 'href="#name"' in answer.text and 'href="#email"' in answer.text
    assert f"<title>{word}" in answer.text
    assert rows(Enquiry) == []


NAUGHTY = ["\x00", "\u202eabc", "\ue000", "x" * 5000, "𠮷㐂", "'; DROP TABLE enquiry; --",
           "<script>alert(1)</script>", "{{ 7*7 }}", "%(name)s", "\ud800"]  # fmt: skip


@pytest.mark.parametrize("key", [k for k in ASKED if k != "website"] + ["once"])
def test_naughty_strings_are_kept_or_refused_never_an_error(client, rows, key):
    for text in NAUGHTY:
        asked = opened(client, **{key: text.encode("utf-8", "surrogatepass")})
        answer = send(client, asked)
        assert answer.status_code in {303, 422, 429}, (key, text)
        assert "<script>alert(1)" not in answer.text


def test_a_program_that_fills_in_every_box_is_stopped_but_a_person_loses_nothing(client, rows):
    answer = send(client, opened(client, website="https://spam.example"))
    assert answer.status_code == 422 and rows(Enquiry) == []
    assert "我們診所只有一人" in answer.text and "spam.example" not in answer.text
    assert re.search(r"<div hidden>.*website", answer.text, re.S)


def test_too_many_letters_to_one_address_wait_and_nothing_is_lost(client, rows):
    answers = [send(client, opened(client, message=f"question {n}")) for n in range(8)]
    assert [a.status_code for a in answers[:4]] == [303] * 4
    last = answers[-1]
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert "question 7" in last.text
    assert len(rows(Enquiry)) == sum(a.status_code == 303 for a in answers)
    other = send(client, opened(client, email="someone.else@example.org"))
    assert other.status_code == 303


def test_known_particulars_are_filled_in_and_a_subject_can_be_asked_for(applicant, sign_in):
    page = sign_in(applicant).get("/en/enquiry?subject=accessibility&about=KF4MR72TX").text
    assert applicant.email in page and applicant.name in page and "KF4MR72TX" in page
    assert re.search(r'<option value="accessibility" selected', page)


@pytest.mark.parametrize("wished", ["nonsense", "\x00", "x" * 9000])
def test_a_strange_subject_in_the_address_does_no_harm(client, wished):
    assert client.get("/en/enquiry", query_string={"subject": wished}).status_code == 200


def test_no_such_reference(client):
    assert client.get("/en/enquiry/ABC23").status_code == 404


def test_staff_see_it_and_note_the_answer_once(client, rows, registration_officer, sign_in):
    send(client, opened(client, message="<b>bold</b>"))
    (enquiry,) = rows(Enquiry)
    officer = sign_in(registration_officer)
    waiting = officer.get("/en/enquiries/").text
    assert enquiry.reference in waiting and '<span class="app-badge">1</span>' in waiting
    page = officer.get(f"/en/enquiries/{enquiry.reference}").text
    assert "&lt;b&gt;bold" in page and ASKED["email"] in page
    for _ in range(2):
        answer = officer.post(f"/en/enquiries/{enquiry.reference}")
        assert answer.status_code == 303
    (enquiry,) = rows(Enquiry)
    assert (enquiry.state, enquiry.answered_by) == ("answered", registration_officer.id)
    waiting = officer.get("/en/enquiries/").text
    assert enquiry.reference not in waiting and "app-badge" not in waiting
    assert enquiry.reference in officer.get("/en/enquiries/?state=answered").text
    assert len(rows(AuditEntry, action="enquiry.answered")) == 1


def answered(count: int) -> None:
    """So many enquiries, one a minute, each answered an hour after it came."""
    begins = now() - timedelta(days=30)
    with Session(engine()) as db:
        for number in range(count):
            at = begins + timedelta(minutes=number)
            db.add(
                Enquiry(
                    reference=f"N{number:04d}", once=f"once-{number}", state=State.ANSWERED,
                    language="en", subject="joining", message="?", name="Chan",
                    email="chan@example.org", sent_at=at, answered_at=at + timedelta(hours=1),
                )
            )  # fmt: skip
        db.commit()


def listed(page: str) -> list[str]:
    return re.findall(r'/en/enquiries/(N\d+)"', page)


def test_the_newest_answered_come_first_and_all_can_be_reached(registration_officer, sign_in):
    answered(PAGE * 2 + 1)
    officer = sign_in(registration_officer)
    pages = [officer.get(f"/en/enquiries/?state=answered&page={n}").text for n in (1, 2, 3, 99)]
    numbers = [f"N{n:04d}" for n in reversed(range(PAGE * 2 + 1))]
    assert [listed(page) for page in pages[:3]] == [numbers[:PAGE], numbers[PAGE:-1], numbers[-1:]]
    assert listed(pages[3]) == numbers[-1:]
    assert "state=answered&amp;page=2" in pages[0]


@pytest.mark.parametrize("address", ["/en/enquiries/", "/en/enquiries/ABC23"])
def test_an_applicant_sees_no_enquiries(applicant, sign_in, address):
    assert sign_in(applicant).get(address).status_code == 403


def test_it_is_to_be_deleted_after_a_year_and_then_is(app, client, rows):
    send(client, opened(client))
    (enquiry,) = rows(Enquiry)
    (ticket,) = rows(Ticket, job="delete_enquiry")
    assert timedelta(days=364) < ticket.due - now() <= timedelta(days=365)
    assert ticket.args == {"reference": enquiry.reference}
    from jobs.enquiries import delete_enquiry

    for _ in range(2):
        with unit_of_work(app) as db:
            delete_enquiry(db, **ticket.args)
    assert rows(Enquiry) == []
    trail = [(e.action, e.details) for e in rows(AuditEntry)]
    assert ("enquiry.deleted", {}) in trail
    assert ASKED["name"] not in str(trail)


def test_every_subject_has_words_and_is_offered():
    offered = {choice.value for choice in EnquiryForm().subject.choices}
    assert offered == set(SUBJECTS)
