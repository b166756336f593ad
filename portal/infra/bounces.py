"""Letters that come back: reading what the mail server says of them (RFC 3464), sending again."""

import email
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from uuid import UUID

from sqlmodel import Session, col, select

from portal.infra.audit import record
from portal.infra.mail import Mail, MailState, sender
from portal.infra.once import write_once
from portal.infra.tickets import Job, enqueue
from portal.kernel.problems import NotHere, Refused
from portal.kernel.text import N_

LARGEST = 5_000_000
"""Bytes of a notification; it may hold our whole letter."""
AGAIN = ":again:"
"""What the name of a letter that was sent again has behind the first one's."""
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")

NO_REPORT = N_("This is no delivery status notification (RFC 3464)")
NO_FAILURE = N_("This notification tells of no failure")
NOT_OURS = N_("This notification is about no letter of ours")
NOT_RETURNED = N_("This letter cannot be sent again")


@dataclass(frozen=True, slots=True)
class Returned:
    """Which letter came back, and the status code that says why."""

    mail_id: UUID
    status: str


def read(notification: bytes) -> Returned:
    """Understand a delivery status notification.

    Raises:
        Refused: it is none, tells of no permanent failure, or not of a letter of ours.
    """
    if not notification or len(notification) > LARGEST:
        raise Refused(NO_REPORT)
    # By the old policy: the newer one understands headers, and fails over those that are wrong.
    message = email.message_from_bytes(notification)
    parts = list(message.walk())
    report = next((p for p in parts if p.get_content_type() == "message/delivery-status"), None)
    if message.get_content_type() != "multipart/report" or report is None:
        raise Refused(NO_REPORT)
    return Returned(_letter_in(parts), _failure_in(report))


def _failure_in(report: Message) -> str:
    """The status of the first recipient whom the letter failed for good (RFC 3464 §2.3)."""
    groups = report.get_payload()
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, Message) and str(group.get("Action", "")).strip().lower() == "failed":
            found = STATUS.search(str(group.get("Status", "")))
            return found.group() if found else "5.0.0"
    raise Refused(NO_FAILURE)


def _letter_in(parts: Sequence[Message]) -> UUID:
    """The Message-ID of what was sent back: the whole letter, or its headers alone.

    Never that of the notification itself, nor a reference in it, which anybody could write.
    """
    for part in parts:
        match part.get_content_type():
            case "message/rfc822":
                inner = part.get_payload(0)
                told = inner.get("Message-ID", "") if isinstance(inner, Message) else ""
            case "text/rfc822-headers" | "message/rfc822-headers":
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                told = email.message_from_bytes(content).get("Message-ID", "")
            case _:
                continue
        if found := _ours(str(told)):
            return found
    raise Refused(NOT_OURS)


def _ours(message_id: str) -> UUID | None:
    name, _, domain = message_id.strip().strip("<>").partition("@")
    try:
        return UUID(name) if domain.lower() == sender().domain.lower() else None
    except ValueError:
        return None


def take_back(db: Session, told: Returned, *, now: datetime) -> Mail:
    """Note that a letter came back; told twice, it came back once.

    Raises:
        Refused: it is none of ours, or never left.
    """
    wanted = select(Mail).where(Mail.id == told.mail_id).with_for_update()
    mail = db.exec(wanted).one_or_none()
    if mail is None or mail.state not in {MailState.HANDED_OVER, MailState.BOUNCED}:
        raise Refused(NOT_OURS)
    if mail.state == MailState.HANDED_OVER:
        note_return(db, mail, MailState.BOUNCED, f"dsn {told.status}", now=now)
    return mail


def note_return(db: Session, mail: Mail, state: MailState, problem: str, *, now: datetime) -> None:
    """The letter did not arrive: whoever waits for it to is told by a ticket."""
    mail.state, mail.problem = state, problem
    db.add(mail)
    record(db, f"mail.{state}", by="mail server", at=now, subject=f"mail:{mail.id}", why=problem)
    if mail.if_returned:
        enqueue(db, Job(mail.if_returned), once=f"returned:{mail.once}", **mail.then_args)


def not_arrived(db: Session, limit: int = 100) -> list[Mail]:
    """Letters that came back or were not taken, and were not sent again, the newest first."""
    wanted = select(Mail).where(
        col(Mail.state).in_([MailState.BOUNCED, MailState.FAILED]),
        col(Mail.sent_again_at).is_(None),
    )
    return list(db.exec(wanted.order_by(col(Mail.created_at).desc()).limit(limit)))


def letter(db: Session, mail_id: UUID) -> Mail:
    """One that did not arrive and can be sent to another address.

    Raises:
        NotHere: there is none of that number, or it cannot.
    """
    found = db.get(Mail, mail_id)
    if found is None or not can_be_sent_again(found):
        raise NotHere
    return found


def can_be_sent_again(mail: Mail) -> bool:
    """Whether it may go to another address, we still have what it says, and it did not go yet.

    Only a letter whose arrival matters may. Others hold one-use links and codes: whoever could
    choose where those go could become anybody. They are tried again at their own address.
    """
    returned = mail.state in {MailState.BOUNCED, MailState.FAILED}
    ours = bool(mail.if_returned and mail.body_text)
    return returned and ours and mail.sent_again_at is None


def send_again(db: Session, mail_id: UUID, *, to: str, by: str, now: datetime) -> Mail:
    """The same letter to another address, as a letter of its own.

    The account of the person keeps its address: only its owner can change that.

    Raises:
        Refused: the letter did not come back, was sent again before, we forgot what it says, or
            it is for the eyes of its address alone.
    """
    wanted = select(Mail).where(Mail.id == mail_id).with_for_update()
    mail = db.exec(wanted).one_or_none()
    if mail is None or not can_be_sent_again(mail):
        raise Refused(NOT_RETURNED)
    copied = ("lang", "template", "subject", "body_text", "body_html", "then", "then_args")
    columns = {name: getattr(mail, name) for name in (*copied, "if_returned")}
    once = f"{mail.once}{AGAIN}{mail.id.hex}"
    again, new = write_once(db, Mail, {**columns, "once": once, "recipient": to, "created_at": now})
    mail.sent_again_at = now
    mail.body_text = mail.body_html = ""
    db.add(mail)
    if new:
        enqueue(db, Job.SEND_MAIL, once=f"mail:{once}", mail_id=str(again.id))
    record(db, "mail.sent_again", by=by, at=now, subject=f"mail:{mail.id}", as_mail=str(again.id))
    return again
