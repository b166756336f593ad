"""Letters by e-mail: written in the reader's language with their cause, handed over by a job."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from flask import current_app, url_for
from sqlalchemy import JSON, CheckConstraint, Column
from sqlmodel import Field, Session, SQLModel

from portal.infra import clock
from portal.infra.db import UtcDateTime
from portal.infra.i18n import HTML_LANG, speaking
from portal.infra.once import write_once
from portal.infra.settings import settings
from portal.infra.tickets import Job, enqueue

# RFC 5322 §2.1.1 asks for at most 78 characters a line; a longer subject is folded.
LONGEST_SUBJECT = 200


class MailState(StrEnum):
    WAITING = "waiting"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    # Handed over, and sent back later.
    BOUNCED = "bounced"


class Mail(SQLModel, table=True):
    """One letter. What it says is forgotten once it is handed over: it may hold a one-use link.

    But for a letter whose arrival matters (`if_returned`): it may have to be sent again.
    """

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'handed_over', 'failed', 'bounced')", name="state"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    once: str = Field(unique=True)
    recipient: str
    lang: str
    template: str
    subject: str
    body_text: str
    body_html: str
    state: str = MailState.WAITING
    # The mail server's answer code, or the kind of error.
    problem: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    handed_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The job to be done once this letter is handed over, and what it is told.
    then: str = ""
    then_args: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    # The job to be done, with the same arguments, if the letter comes back or is not taken.
    if_returned: str = ""
    # When staff sent it again to another address.
    sent_again_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def message_id(self) -> str:
        """The same whenever it is sent, so that a repeat is recognised as one."""
        return f"<{self.id}@{sender().domain}>"


def send_mail(
    db: Session,
    *,
    to: str,
    lang: str,
    template: str,
    once: str,
    then: Job | None = None,
    then_args: dict[str, str | int] | None = None,
    if_returned: Job | None = None,
    **context: object,
) -> Mail:
    """Write a letter now, in `lang`, from `templates/email/<template>/`; a job hands it over.

    The templates get `context`, `subject` (the bodies) and `link(endpoint, ...)`, which makes
    an address on the portal's public name whatever name this request came by. `once` names
    the letter; asked for twice, it is written once. `then` is enqueued with `then_args` in
    the transaction that notes the hand-over, `if_returned` in the one that notes its return.

    Raises:
        ValueError: `to` is no address, or the subject is empty.
    """
    Address(addr_spec=to)
    columns = {
        "once": once,
        "recipient": to,
        "lang": lang,
        "template": template,
        "created_at": clock.now(),
        "then": str(then or ""),
        "then_args": then_args or {},
        "if_returned": str(if_returned or ""),
        **_said(lang, template, context),
    }
    mail, new = write_once(db, Mail, columns)
    if new:
        enqueue(db, Job.SEND_MAIL, once=f"mail:{once}", mail_id=str(mail.id))
    return mail


def link(endpoint: str, **values: Any) -> str:
    """The whole address of a page, by the portal's own name and in the language spoken.

    Never by the Host header of the request: whoever sends that would choose where links go.
    """
    return settings().address + url_for(endpoint, _external=False, **values)


def compose(mail: Mail) -> EmailMessage:
    """The message as it goes out; the same bytes' worth whenever it is made."""
    international = not mail.recipient.isascii()
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", utf8=international))
    message["From"] = sender()
    message["To"] = Address(addr_spec=mail.recipient)
    if settings().mail_reply_to:
        message["Reply-To"] = settings().mail_reply_to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    # RFC 3834: holiday answers are not sent to machines.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body_text)
    message.add_alternative(mail.body_html, subtype="html")
    # Last, because setting the content takes away every header called Content-.
    message["Content-Language"] = HTML_LANG[mail.lang]
    return message


def sender() -> Address:
    """From whom letters come: the setting, or no-reply at the portal's own host."""
    given = settings().mail_from or f"no-reply@{urlsplit(settings().address).hostname}"
    name, _, address = given.rpartition("<")
    return Address(display_name=name.strip(), addr_spec=address.rstrip("> "))


def mail_folder() -> Path:
    """Where letters lie when no mail server is set."""
    return settings().home / "mail"


def _said(lang: str, template: str, context: dict[str, object]) -> dict[str, str]:
    # Not flask.render_template: its context would ask who is signed in, and a letter is
    # written for somebody else.
    def said(part: str, **more: object) -> str:
        found = current_app.jinja_env.get_template(f"email/{template}/{part}")
        return found.render(link=link, **context, **more)

    with speaking(lang):
        # One line, whatever a name in it brings along: a line break would start a header.
        subject = " ".join(said("subject.txt").split())[:LONGEST_SUBJECT]
        if not subject:
            raise ValueError(f"email/{template}/subject.txt says nothing")
        return {
            "subject": subject,
            "body_text": said("body.txt", subject=subject).strip() + "\n",
            "body_html": said("body.html", subject=subject),
        }
