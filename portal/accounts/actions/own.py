"""What people change about themselves: particulars, the second factor."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions import sessions
from portal.accounts.actions.sessions import id_of, on_record
from portal.accounts.actions.signing_in import WRONG_CODE
from portal.accounts.models import Person, RecoveryCode, SignInSession
from portal.accounts.queries import locked_person
from portal.accounts.rules import STAFF, totp_step
from portal.accounts.second_factors import closed, code_hash, new_recovery_codes
from portal.infra.audit import record
from portal.kernel.problems import Refused
from portal.kernel.text import N_

STAFF_KEEP_IT = N_("Staff cannot work without a second step at sign-in")


def change_particulars(
    db: Session, person_id: int, *, name: str, language: str, now: datetime
) -> None:
    """Another name, or another language of letters."""
    person = locked_person(db, person_id)
    person.name, person.language = name, language
    db.add(person)
    record(
        db, "person.particulars_changed", by=on_record(person), at=now, subject=on_record(person)
    )


def set_second_factor(
    db: Session, session: SignInSession, secret: str, code: str, *, now: datetime
) -> tuple[str, list[str]]:
    """Put a secret on record that its owner has just proved; other sessions end.

    Returns the renewed session's token and recovery codes, which are shown once.

    Raises:
        Refused: the code does not belong to the secret.
    """
    person = locked_person(db, session.person_id)
    step = totp_step(secret, code, now, last_step=0)
    if step is None:
        raise Refused(WRONG_CODE)
    person.totp_secret, person.last_totp_step = closed(secret), step
    db.add(person)
    codes = _fresh_codes(db, person)
    sessions.end_all(db, person, now=now)
    _tell(db, person, "set", now)
    return sessions.renew(db, person, session, now=now, second_factor_at=now), codes


def renew_recovery_codes(db: Session, person_id: int, *, now: datetime) -> list[str]:
    """Codes in place of those before."""
    person = locked_person(db, person_id)
    codes = _fresh_codes(db, person)
    _tell(db, person, "new_codes", now)
    return codes


def remove_second_factor(db: Session, person_id: int, *, now: datetime, by: str = "") -> None:
    """Go without it again, or begin anew with another telephone; all sessions of staff end.

    Raises:
        Refused: staff wish to remove their own.
    """
    person = locked_person(db, person_id)
    if not by and person.role in STAFF:
        raise Refused(STAFF_KEEP_IT)
    person.totp_secret = None
    db.add(person)
    db.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    if by:
        sessions.end_all(db, person, now=now)
    _tell(db, person, "removed", now, by=by)


def _fresh_codes(db: Session, person: Person) -> list[str]:
    db.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person.id))
    codes = new_recovery_codes()
    owner = id_of(person)
    db.add_all(RecoveryCode(person_id=owner, code_hash=code_hash(owner, code)) for code in codes)
    return codes


def _tell(db: Session, person: Person, what: str, now: datetime, *, by: str = "") -> None:
    emails.second_factor_changed(db, person, what, now)
    action = f"person.second_factor_{what}"
    record(db, action, by=by or on_record(person), at=now, subject=on_record(person))
