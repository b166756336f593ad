"""Handing letters over to the mail server, or to a folder where none is set."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from uuid import UUID

from sqlmodel import Session

from jobs.running import job
from portal.infra import clock
from portal.infra.bounces import note_return
from portal.infra.mail import Mail, MailState, compose, mail_folder
from portal.infra.settings import settings
from portal.infra.tickets import Job, NeedsStaff, enqueue, let_go

# Seconds a mail server may take for each answer.
PATIENCE = 5.0
# With the delays of jobs.running about a day, as long as mail servers themselves try.
ATTEMPTS = 300


@job(Job.SEND_MAIL, max_attempts=ATTEMPTS)
def hand_over(db: Session, *, mail_id: str) -> None:
    """Hand one letter over; a server's "never" needs staff, its "not now" is tried again.

    Cut off between the server's yes and our note of it, the letter goes out again, with the
    same Message-ID: e-mail knows no better.
    """
    mail = db.get_one(Mail, UUID(mail_id))
    # Sent again to another address, it has no words left and nothing may follow from it.
    if mail.state in {MailState.HANDED_OVER, MailState.BOUNCED} or mail.sent_again_at is not None:
        return
    message = compose(mail)
    let_go(db)
    refusal = deliver(message, mail_folder() / f"{mail.id}.eml")
    if refusal:
        note_return(db, mail, MailState.FAILED, refusal, now=clock.now())
        raise NeedsStaff(refusal)
    _note_handed_over(db, mail)


def deliver(message: EmailMessage, file: Path) -> str:
    """Give the message to the server of the settings, or keep it in `file`.

    Returns:
        "" when it was taken, else the server's permanent answer, as "smtp 550".

    Raises:
        OSError: no, or no permanent, answer (smtplib's errors are OSErrors).
    """
    if not settings().smtp_url:
        keep_whole(message.as_bytes(), file)
        return ""
    try:
        with _connected(urlsplit(settings().smtp_url)) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        return _permanent([code for code, _ in error.recipients.values()], error)
    except smtplib.SMTPDataError as error:
        return _permanent([error.smtp_code], error)
    return ""


def keep_whole(content: bytes, file: Path) -> None:
    """Write a file that is there whole or not at all, also after a crash."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with draft.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _note_handed_over(db: Session, mail: Mail) -> None:
    mail.state, mail.problem = MailState.HANDED_OVER, ""
    mail.handed_over_at = clock.now()
    if not mail.if_returned:
        mail.body_text = mail.body_html = ""
    db.add(mail)
    if mail.then:
        enqueue(db, Job(mail.then), once=f"then:{mail.once}", **mail.then_args)


def _connected(url: SplitResult) -> smtplib.SMTP:
    """A session with the server of smtp://user:password@host:port?starttls or smtps://..."""
    context = ssl.create_default_context()
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, timeout=PATIENCE, context=context
        )
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=PATIENCE)
    try:
        if "starttls" in parse_qs(url.query, keep_blank_values=True):
            server.starttls(context=context)
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _permanent(codes: list[int], error: smtplib.SMTPException) -> str:
    """5xx about this letter or its reader. Of a wrong password the letter is not to blame."""
    if codes and all(500 <= code < 600 for code in codes):
        return f"smtp {codes[0]}"
    raise error
