"""Letters: in the reader's language, once, whole, and never a way to write headers."""

import email
import email.policy
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader

import jobs.mail
from jobs import running
from portal.infra import queue
from portal.infra.db import unit_of_work
from portal.infra.mail import Mail, MailState, mail_folder, send_mail
from portal.infra.settings import settings
from portal.infra.tickets import State, Ticket, ticket_named
from tests.services import free_port

LETTER = {
    "email/trial/subject.txt": "{{ _('Written') }}: {{ name }}",
    "email/trial/body.txt": (
        '{% extends "email/_layout.txt" %}{% block body %}'
        "{{ name }}\n{{ link('health.alive') }}{% endblock %}"
    ),
    "email/trial/body.html": (
        '{% extends "email/_layout.html" %}{% block body %}<p>{{ name }}</p>{% endblock %}'
    ),
}


class Judge:
    """What the mail server was given, and what it is to answer."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.answer = "250 OK"
        self.at_recipient = "250 OK"
        self.users: list[str] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.at_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.answer

    def authenticate(self, _s: Any, _ss: Any, _e: Any, _m: str, given: LoginPassword) -> AuthResult:
        self.users.append(f"{given.login.decode()}:{given.password.decode()}")
        return AuthResult(success=given.password == b"s3cret/")


@pytest.fixture(autouse=True)
def letter(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "send_soon", lambda ids: None)
    app.jinja_env.loader = ChoiceLoader([DictLoader(LETTER), app.jinja_env.loader])


@pytest.fixture
def judge(app: Flask) -> Iterator[Judge]:
    made = Judge()
    server = Controller(
        made, hostname="127.0.0.1", port=free_port(), authenticator=made.authenticate,
        auth_require_tls=False,
    )  # fmt: skip
    server.start()
    settings().smtp_url = f"smtp://127.0.0.1:{server.port}"
    yield made
    server.stop()


def write(app: Flask, name: str = "陳大文", **options: Any) -> Mail:
    given: dict[str, Any] = {"to": "chan@clinic.example", "lang": "tc", "template": "trial"}
    with unit_of_work(app) as db:
        return send_mail(db, **{**given, "once": "trial:7", **options}, name=name)


def now_of(app: Flask, mail: Mail) -> Mail:
    with unit_of_work(app) as db:
        return db.get_one(Mail, mail.id)


def in_folder() -> list[EmailMessage]:
    return [read(file.read_bytes()) for file in mail_folder().glob("*.eml")]


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body([kind])
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize(
    ("lang", "tag", "word"),
    [("en", "en", "Written"), ("tc", "zh-Hant-HK", "撰寫"), ("sc", "zh-Hans", "撰写")],
)
def test_a_letter_is_in_its_readers_language(app: Flask, lang: str, tag: str, word: str) -> None:
    write(app, lang=lang)
    assert running.run_waiting(app) == 1
    [message] = in_folder()
    assert message["Content-Language"] == tag
    assert message["Subject"].startswith(word)
    assert "陳大文" in part(message, "plain")
    assert f'<html lang="{tag}">' in part(message, "html")


def test_a_letter_is_written_and_kept_once(app: Flask) -> None:
    first, again = write(app), write(app, name="somebody else")
    assert first.id == again.id
    running.run_waiting(app)
    assert len(in_folder()) == 1
    assert in_folder()[0]["Message-ID"] == f"<{first.id}@localhost>"
    assert now_of(app, first).state == MailState.HANDED_OVER


def test_links_carry_the_portals_name_and_not_the_requests(app: Flask) -> None:
    with app.test_request_context("/", base_url="http://evil.example"):
        from portal.infra.db import session

        send_mail(session(), to="a@b.example", lang="en", template="trial", once="x", name="x")
        session().commit()
    running.run_waiting(app)
    assert f"{settings().address}/healthz" in part(in_folder()[0], "plain")
    assert b"evil" not in next(mail_folder().glob("*.eml")).read_bytes()


@pytest.mark.parametrize("name", ["x\r\nBcc: all@evil.example", "x\nBcc: y", "x\u2028Bcc: y"])
def test_a_name_cannot_write_a_header(app: Flask, name: str) -> None:
    write(app, name=name)
    running.run_waiting(app)
    [message] = in_folder()
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("to", ["x@y.example\r\nBcc: z@y.example", "no address", ""])
def test_an_address_that_is_none_is_refused_at_once(app: Flask, to: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        write(app, to=to)


def test_markup_in_a_name_stays_text(app: Flask) -> None:
    write(app, name="<img src=x> & 'Co'")
    running.run_waiting(app)
    [message] = in_folder()
    assert "<img src=x> & 'Co'" in part(message, "plain")
    assert "&lt;img src=x&gt;" in part(message, "html")


def test_a_long_chinese_subject_survives_folding(app: Flask) -> None:
    write(app, name="香港" * 60)
    running.run_waiting(app)
    assert in_folder()[0]["Subject"].endswith("香港")


def test_the_server_gets_the_letter_and_we_forget_what_it_said(app: Flask, judge: Judge) -> None:
    settings().mail_from = "eHealth 醫健通 <portal@ehealth.example>"
    settings().mail_reply_to = "help@ehealth.example"
    mail = write(app)
    assert "陳大文" in mail.body_text
    running.run_waiting(app)
    [(envelope_from, recipients, content)] = judge.taken
    assert (envelope_from, recipients) == ("portal@ehealth.example", ["chan@clinic.example"])
    message = read(content)
    assert str(message["From"]) == "eHealth 醫健通 <portal@ehealth.example>"
    assert message["Reply-To"] == "help@ehealth.example"
    assert message["Message-ID"] == f"<{mail.id}@ehealth.example>"
    after = now_of(app, mail)
    assert after.handed_over_at is not None
    assert after.body_text == after.body_html == ""
    assert in_folder() == []


def test_user_and_password_come_from_the_setting(app: Flask, judge: Judge) -> None:
    settings().smtp_url = settings().smtp_url.replace("//", "//portal:s3cret%2F@")
    write(app)
    running.run_waiting(app)
    assert judge.users == ["portal:s3cret/"]
    assert len(judge.taken) == 1


@pytest.mark.parametrize("where", ["answer", "at_recipient"])
def test_a_permanent_refusal_needs_staff(app: Flask, judge: Judge, where: str) -> None:
    setattr(judge, where, "550 no such mailbox")
    mail = write(app)
    running.run_waiting(app)
    assert (now_of(app, mail).state, now_of(app, mail).problem) == (MailState.FAILED, "smtp 550")
    with unit_of_work(app) as db:
        ticket = ticket_named(db, "mail:trial:7")
        assert ticket is not None
        assert (ticket.state, ticket.problem) == (State.FAILED, "smtp 550")


@pytest.mark.parametrize("trouble", ["451 later", "closed port", "wrong password"])
def test_a_temporary_refusal_is_tried_again(app: Flask, judge: Judge, trouble: str) -> None:
    good = settings().smtp_url
    if trouble == "451 later":
        judge.answer = trouble
    elif trouble == "closed port":
        settings().smtp_url = f"smtp://127.0.0.1:{free_port()}"
    else:
        settings().smtp_url = good.replace("//", "//portal:wrong@")
    mail = write(app)
    assert running.run_waiting(app) == 1
    assert now_of(app, mail).state == MailState.WAITING
    judge.answer, settings().smtp_url = "250 OK", good
    make_due(app)
    assert running.run_waiting(app) == 1
    assert now_of(app, mail).state == MailState.HANDED_OVER


def make_due(app: Flask) -> None:
    with unit_of_work(app) as db:
        ticket = ticket_named(db, "mail:trial:7")
        assert ticket is not None
        assert ticket.state == State.WAITING
        assert ticket.due > ticket.created_at
        ticket.due = ticket.created_at
        db.add(ticket)


def test_the_hand_over_starts_what_follows_in_the_same_transaction(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = write(app, then="send_mail", then_args={"mail_id": "trial"})
    with unit_of_work(app) as db:
        assert ticket_named(db, "then:trial:7") is None

    def cut_off(*_args: object, **_options: object) -> Ticket:
        raise smtplib.SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(jobs.mail, "enqueue", cut_off)
        running.run_waiting(app)
    assert now_of(app, mail).handed_over_at is None, "the one was noted without the other"
    make_due(app)
    with unit_of_work(app) as db:
        waiting = ticket_named(db, "mail:trial:7")
        assert waiting is not None
    running.run_ticket(app, waiting.id)
    with unit_of_work(app) as db:
        follows = ticket_named(db, "then:trial:7")
        assert follows is not None
        assert follows.args == {"mail_id": "trial"}
    assert len(in_folder()) == 1


def test_a_letter_in_the_folder_is_whole_or_not_there(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    mail = write(app)
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        running.run_waiting(app)
    assert in_folder() == []
    assert now_of(app, mail).problem == ""
    assert now_of(app, mail).state == MailState.WAITING
