"""Letters that come back: notifications after RFC 3464's examples, and what follows from them."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from click.testing import CliRunner
from sqlmodel import select

from jobs.running import run_waiting
from portal.application import deciding, emails
from portal.cases.models import Case, CaseEvent
from portal.infra import bounces, commands
from portal.infra.audit import AuditEntry
from portal.infra.db import apart, unit_of_work
from portal.infra.mail import Mail, MailState, send_mail, sender
from portal.infra.settings import settings
from portal.infra.tickets import State, Ticket, try_again
from portal.kernel.problems import Refused
from portal.registry.actions import enter_institution, enter_location
from tests.connecting import all_connected
from tests.people import ALICE, enter

NOW = datetime.now(UTC)

# After RFC 3464, appendix E, "Simple DSN".
SIMPLE = """\
Date: Thu, 7 Jul 1994 17:16:05 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Message-Id: <199407072116.RAA14128@CS.UTK.EDU>
To: <no-reply@{domain}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
      boundary="RAA14128.773615765/CS.UTK.EDU"
Subject: Returned mail: Cannot send message for 5 days

--RAA14128.773615765/CS.UTK.EDU

The original message was received at Sat, 2 Jul 1994 17:10:28 -0400
from root@localhost

   ----- The following addresses had delivery problems -----
<louisl@larry.slip.umd.edu>  (unrecoverable error)

--RAA14128.773615765/CS.UTK.EDU
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;louisl@larry.slip.umd.edu
Final-Recipient: rfc822;louisl@larry.slip.umd.edu
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 426 connection timed out
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

--RAA14128.773615765/CS.UTK.EDU
content-type: {kind}

Message-ID: {message_id}
From: no-reply@{domain}
To: louisl@larry.slip.umd.edu
Subject: original

{body}
--RAA14128.773615765/CS.UTK.EDU--
"""


def notification(mail: Mail, **different: str) -> bytes:
    told = {
        "domain": sender().domain, "action": "failed", "status": "4.0.0",
        "kind": "message/rfc822", "message_id": mail.message_id, "body": "the letter",
    }  # fmt: skip
    return SIMPLE.format(**{**told, **different}).encode()


# After RFC 3464, appendix E, "Multi-Recipient DSN": one arrived, one did not, one is late.
SEVERAL = """\
Content-Type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;arathib@vnet.ibm.com
Final-Recipient: rfc822;arathib@vnet.ibm.com
Action: {first}
Status: 5.0.0 (permanent failure)
Diagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a registered gateway user

Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Action: delayed
Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)

Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Action: {last}
Status: 5.0.0
"""


def several(mail: Mail, first: str = "failed", last: str = "failed") -> bytes:
    parts = SIMPLE.format(
        domain=sender().domain, action="-", status="-", kind="text/rfc822-headers",
        message_id=mail.message_id, body="",
    ).split("--RAA14128.773615765/CS.UTK.EDU")  # fmt: skip
    parts[2] = "\n" + SEVERAL.format(first=first, last=last) + "\n"
    return "--RAA14128.773615765/CS.UTK.EDU".join(parts).encode()


@pytest.fixture
def case(app) -> Case:
    """An accepted application whose letter is written and not handed over yet."""
    with unit_of_work(app) as db:
        person = enter(db, ALICE)
        owner = enter_institution(db, kind="CLG", name_en="Chan & Co", by="test", now=NOW)
        enter_location(
            db, owner, district="ssp", name_en="Chan Clinic", address_en="1 Road", by="test",
            now=NOW,
        )  # fmt: skip
        made = Case(
            reference="AA2AA2AAA", sort="registration", state="accepted", kind="CLG",
            applicant_id=person.id, language="en", form_version="2026-01-01", started_at=NOW,
            changed_at=NOW, submitted_at=NOW, decided_at=NOW, institution_id=owner.id,
            title_en="Chan & Co",
        )  # fmt: skip
        db.add(made)
        db.flush()
        emails.accepted(db, made, to=person, due=NOW + timedelta(days=60))
    return made


def letter(session) -> Mail:
    session.rollback()
    found = select(Mail).where(Mail.template == "application_accepted")
    newest = found.order_by(Mail.created_at.desc()).execution_options(populate_existing=True)
    return session.exec(newest).first()


def case_now(session, case: Case) -> Case:
    session.rollback()
    return session.get_one(Case, case.id, populate_existing=True)


def come_back(app, notification: bytes) -> Mail:
    with unit_of_work(app) as db:
        return bounces.take_back(db, bounces.read(notification), now=NOW)


def tags(session) -> list[str]:
    session.rollback()
    return list(session.exec(select(CaseEvent.tag).order_by(CaseEvent.id)))


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_returned_acceptance_stops_the_days(app, case, session, kind):
    run_waiting(app)
    assert case_now(session, case).handed_over_at
    come_back(app, notification(letter(session), kind=kind))
    run_waiting(app)
    assert letter(session).state == MailState.BOUNCED
    assert letter(session).problem == "dsn 4.0.0"
    assert case_now(session, case).handed_over_at is None
    assert tags(session)[-1] == "mail_returned"
    assert "mail.bounced" in session.exec(select(AuditEntry.action)).all()


def test_told_twice_it_came_back_once(app, case, session):
    run_waiting(app)
    for _ in range(2):
        come_back(app, notification(letter(session)))
        run_waiting(app)
    assert tags(session).count("mail_returned") == 1


def test_sent_again_it_begins_the_days_anew(app, case, session, sign_in, supervisor):
    run_waiting(app)
    with app.app_context(), unit_of_work(app) as db:
        all_connected(db, db.get_one(Case, case.id), now=NOW)
    come_back(app, notification(letter(session)))
    run_waiting(app)
    client, path = sign_in(supervisor), f"/en/staff/letters/{letter(session).id}"
    assert path in client.get("/en/staff/due/").text
    assert client.get(path).status_code == 200
    wrong = client.post(path, data={"address": "nobody"})
    assert wrong.status_code == 422 and 'id="address-error"' in wrong.text
    assert client.post(path, data={"address": "right@clinic.example.org"}).status_code == 303
    assert client.post(path, data={"address": "right@clinic.example.org"}).status_code == 404
    assert path not in client.get("/en/staff/due/").text
    run_waiting(app)
    again = letter(session)
    assert (again.recipient, again.state) == ("right@clinic.example.org", MailState.HANDED_OVER)
    assert case_now(session, case).handed_over_at == again.handed_over_at
    # The first letter's own ticket comes and goes; the second one's makes it effective.
    settled = timedelta(days=settings().settling_days, hours=30)
    with time_machine.travel(datetime.now(UTC) + settled, tick=True):
        run_waiting(app)
    assert case_now(session, case).state == "registered"


def test_sent_again_when_the_first_days_were_over(app, case, session):
    """The first letter's ticket has come and gone by then; the second one's days need their own."""
    run_waiting(app)
    with unit_of_work(app) as db:
        all_connected(db, db.get_one(Case, case.id), now=NOW)
    come_back(app, notification(letter(session)))
    run_waiting(app)
    days = timedelta(days=settings().settling_days + 2)
    with time_machine.travel(datetime.now(UTC) + days, tick=True):
        run_waiting(app)
        assert case_now(session, case).state == "accepted"
        with unit_of_work(app) as db:
            bounces.send_again(
                db, letter(session).id, to="right@clinic.example.org", by="person:1",
                now=datetime.now(UTC),
            )  # fmt: skip
        run_waiting(app)
    with time_machine.travel(datetime.now(UTC) + 2 * days, tick=True):
        run_waiting(app)
    assert case_now(session, case).state == "registered"


def test_a_bounce_before_we_noted_the_hand_over(app, case, session):
    """The notification may overtake the ticket that begins the days."""
    with apart() as db:
        mail = db.exec(select(Mail)).one()
        mail.state, mail.handed_over_at = MailState.HANDED_OVER, NOW
        db.add(mail)
    come_back(app, notification(letter(session)))
    with unit_of_work(app) as db:
        deciding.note_hand_over(db, db.get_one(Case, case.id), now=NOW)
    run_waiting(app)
    assert case_now(session, case).handed_over_at is None


def test_a_registration_that_counts_stays(app, case, session):
    run_waiting(app)
    with apart() as db:
        db.get_one(Case, case.id).state = "registered"
    come_back(app, notification(letter(session)))
    run_waiting(app)
    assert case_now(session, case).handed_over_at
    assert "mail_returned" not in tags(session)


def test_a_letter_never_taken_counts_the_same(app, case, session, monkeypatch):
    monkeypatch.setattr("jobs.mail.deliver", lambda *_: "smtp 550")
    run_waiting(app)
    assert letter(session).state == MailState.FAILED
    assert tags(session)[-1] == "mail_returned"
    with unit_of_work(app) as db:
        assert [bounces.can_be_sent_again(each) for each in bounces.not_arrived(db)] == [True]
        sent = bounces.send_again(
            db, letter(session).id, to="right@clinic.example.org", by="person:1", now=NOW
        )
        with pytest.raises(Refused):
            bounces.send_again(db, letter(session).id, to="x@y.example", by="p", now=NOW)
    monkeypatch.undo()
    run_waiting(app)
    session.rollback()
    assert session.get_one(Mail, sent.id).state == MailState.HANDED_OVER
    assert case_now(session, case).handed_over_at


def test_tried_again_after_it_went_elsewhere_nothing_goes_out(app, case, session, monkeypatch):
    """Its words went with the letter to the other address; an empty one must start no days."""
    monkeypatch.setattr("jobs.mail.deliver", lambda *_: "smtp 550")
    run_waiting(app)
    first = letter(session).id
    with unit_of_work(app) as db:
        bounces.send_again(db, first, to="right@clinic.example.org", by="person:1", now=NOW)
        failed = db.exec(select(Ticket).where(Ticket.state == State.FAILED)).all()
        assert any(try_again(db, each.id) for each in failed)
    delivered: list[str] = []
    monkeypatch.setattr(
        "jobs.mail.deliver", lambda message, _: delivered.append(message["To"]) or ""
    )
    run_waiting(app)
    assert delivered.count("right@clinic.example.org") == 1
    assert all(to == "right@clinic.example.org" for to in delivered)


def test_several_recipients_the_first_that_failed_counts(app, case, session):
    run_waiting(app)
    assert bounces.read(several(letter(session))).status == "5.0.0"
    assert bounces.read(several(letter(session), first="delivered")).status == "5.0.0"
    with pytest.raises(Refused, match="no failure"):
        bounces.read(several(letter(session), first="delivered", last="relayed"))


def test_what_is_late_has_not_failed(app, case, session):
    run_waiting(app)
    with pytest.raises(Refused, match="no failure"):
        come_back(app, notification(letter(session), action="delayed"))
    assert letter(session).state == MailState.HANDED_OVER


MALFORMED = {
    "nothing": b"",
    "a letter": b"From: a@b.example\nSubject: out of office\n\nI am away",
    "junk": bytes(range(256)) * 20,
    "a report of another kind": b"Content-Type: multipart/report; boundary=x\n\n--x\n\nhi\n--x--\n",
    "a report cut off": b'Content-Type: multipart/report; boundary="x"\n\n--x\n'
    b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a",
    "too large": b"x" * (bounces.LARGEST + 1),
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_notification_is_refused(app, content):
    with pytest.raises(Refused):
        bounces.read(content)


@pytest.mark.parametrize(
    "message_id",
    ["", "<>", "<1@2>", "<00000000-0000-4000-8000-000000000000@{own}>", "<{id}@elsewhere.example>"],
)
def test_what_is_about_no_letter_of_ours_is_refused(app, case, session, message_id):
    run_waiting(app)
    mail = letter(session)
    named = message_id.format(own=sender().domain, id=mail.id)
    with pytest.raises(Refused, match="no letter of ours"):
        come_back(app, notification(mail, message_id=named))
    assert letter(session).state == MailState.HANDED_OVER


def test_other_letters_are_forgotten_and_cannot_be_sent_again(app, case, session):
    run_waiting(app)
    with unit_of_work(app) as db:
        stored = db.get_one(Mail, letter(session).id)
        assert stored.body_text, "a letter whose arrival matters is kept"
        stored.body_text = ""
        db.add(stored)
    come_back(app, notification(letter(session)))
    with unit_of_work(app) as db:
        assert [bounces.can_be_sent_again(each) for each in bounces.not_arrived(db)] == [False]


def test_what_is_for_one_reader_alone_goes_to_no_other_address(
    app, session, sign_in, supervisor, monkeypatch
):
    """One-use links and installation codes: tried again where they were to go, nowhere else."""
    with unit_of_work(app) as db:
        send_mail(
            db, to="owner@clinic.example.org", lang="en", template="no_account", once="link:1"
        )
    monkeypatch.setattr("jobs.mail.deliver", lambda *_: "smtp 550")
    run_waiting(app)
    mail = session.exec(select(Mail)).one()
    assert (mail.state, bool(mail.body_text)) == (MailState.FAILED, True)
    client, path = sign_in(supervisor), f"/en/staff/letters/{mail.id}"
    page = client.get("/en/staff/due/").text
    assert path not in page and "only go to the same address" in page
    assert client.get(path).status_code == 404
    assert client.post(path, data={"address": "thief@elsewhere.example"}).status_code == 404
    with pytest.raises(Refused), unit_of_work(app) as db:
        bounces.send_again(db, mail.id, to="thief@elsewhere.example", by="p", now=NOW)
    monkeypatch.undo()
    session.rollback()
    ticket = session.exec(select(Ticket).where(Ticket.state == State.FAILED)).one()
    assert client.post(f"/en/staff/due/{ticket.id}").status_code == 303
    run_waiting(app)
    session.rollback()
    again = session.exec(select(Mail).execution_options(populate_existing=True)).one()
    assert (again.state, again.recipient) == (MailState.HANDED_OVER, "owner@clinic.example.org")


def test_the_command_takes_a_notification(app, case, session, monkeypatch):
    run_waiting(app)
    monkeypatch.setattr(commands, "app", lambda: app)
    done = CliRunner().invoke(commands.mail, ["bounced"], input=notification(letter(session)))
    assert done.exit_code == 0 and "came back: dsn 4.0.0" in done.output
    assert letter(session).state == MailState.BOUNCED
    run_waiting(app)
    assert session.exec(select(Ticket).where(Ticket.state == State.FAILED)).all() == []


def test_the_command_says_why_not_and_exits_with_1(portal_settings, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "portal.cli", "mail", "bounced"], input=b"no notification",
        capture_output=True, env={"PORTAL_HOME": str(tmp_path), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert done.returncode == 1
    assert b"no delivery status notification" in done.stderr
