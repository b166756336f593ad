"""Writing enquiries: sent by anybody, answered by staff, deleted after a year."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from portal.accounts.actions.tries import count_mail
from portal.accounts.queries import folded
from portal.infra.audit import record
from portal.infra.tickets import Job, enqueue
from portal.kernel.hktime import add_days
from portal.kernel.identifiers import new_code
from portal.support.emails import confirm
from portal.support.models import Enquiry
from portal.support.queries import sent_before
from portal.support.rules import DAYS_KEPT, State

KEPT = ("subject", "message", "name", "email", "phone", "institution", "about", "diagnosis")


def count_letter(
    db: Session, answers: Mapping[str, Any], *, network: str, real_now: datetime
) -> None:
    """Count the letter that an enquiry asks for; the same one sent again asks for none.

    Raises:
        TooSoon: too many were asked for, to this address or from this network.
    """
    if not sent_before(db, mark_of(answers)):
        count_mail(db, email=folded(str(answers["email"])), network=network, now=real_now)


def ask(
    db: Session,
    answers: Mapping[str, Any],
    *,
    person_id: int | None,
    language: str,
    now: datetime,
) -> Enquiry:
    """Keep an enquiry and confirm it by e-mail; the same one sent again is the one before.

    Corrected after going back, it is another enquiry: what was written is never dropped.
    """
    once = mark_of(answers)
    if before := sent_before(db, once):
        return before
    enquiry = Enquiry(
        reference=new_code(),
        once=once,
        language=language,
        person_id=person_id,
        sent_at=now,
        **{key: answers[key] for key in KEPT},
    )
    try:
        with db.begin_nested():
            db.add(enquiry)
    except IntegrityError:
        # The second click of two came first. Any other clash is not ours to swallow.
        if before := sent_before(db, once):
            return before
        raise
    confirm(db, enquiry)
    _delete_later(db, enquiry, now)
    by = "visitor" if person_id is None else f"person:{person_id}"
    record(db, "enquiry.asked", by=by, at=now, subject=_subject(enquiry))
    return enquiry


def mark_of(answers: Mapping[str, Any]) -> str:
    """Digest, in hex, of the form's own mark and of what was written into it."""
    written = [answers["once"], *(answers[key] for key in KEPT)]
    return sha256(json.dumps(written, ensure_ascii=False).encode()).hexdigest()


def note_read(db: Session, enquiry: Enquiry, *, by: int, now: datetime) -> None:
    record(db, "enquiry.read", by=f"person:{by}", at=now, subject=_subject(enquiry))


def note_answered(db: Session, enquiry: Enquiry, *, by: int, now: datetime) -> None:
    """An answer was sent, by e-mail or telephone. Noted once; later clicks change nothing."""
    if enquiry.state == State.ANSWERED:
        return
    enquiry.state, enquiry.answered_at, enquiry.answered_by = State.ANSWERED, now, by
    db.add(enquiry)
    record(db, "enquiry.answered", by=f"person:{by}", at=now, subject=_subject(enquiry))


def delete(db: Session, enquiry: Enquiry, *, now: datetime) -> None:
    """Its year is over. The audit trail keeps that it was there, and nothing of it."""
    record(db, "enquiry.deleted", by="calendar", at=now, subject=_subject(enquiry))
    db.delete(enquiry)


def _delete_later(db: Session, enquiry: Enquiry, now: datetime) -> None:
    enqueue(
        db,
        Job.DELETE_ENQUIRY,
        once=f"enquiry:{enquiry.reference}:delete",
        due=add_days(now, DAYS_KEPT),
        reference=enquiry.reference,
    )


def _subject(enquiry: Enquiry) -> str:
    return f"enquiry:{enquiry.reference}"
