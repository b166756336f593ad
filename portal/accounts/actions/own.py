"""What people change about themselves: particulars, the second factor."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions import sessions
from portal.accounts.actions.sessions import SessionOver, id_of, on_record
from portal.accounts.actions.signing_in import WRONG_CODE, note_signed_in
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
    db: Session, session: SignInSession, secret: str, code: str, *, anew: bool, now: datetime
) -> tuple[str, list[str]]:
    """Put a secret on record that its owner has just proved; other sessions end.

    `anew`: in place of the one on record, if there is one. Only who has just given the
    passphrase may do that.

    Returns the renewed session's token and recovery codes, which are shown once.

    Raises:
        Refused: the code does not belong to the secret.
        SessionOver: the session was ended meanwhile, or another secret was put on record.
    """
    person = locked_person(db, session.person_id)
    if person.totp_secret is not None and not anew:
        raise SessionOver
    step = totp_step(secret, code, now, last_step=0)
    if step is None:
        raise Refused(WRONG_CODE)
    person.totp_secret, person.last_totp_step = closed(secret), step
    db.add(person)
    codes = _fresh_codes(db, person)
    _tell(db, person, "set", now)
    if not anew:
        note_signed_in(db, person, now)
    token = sessions.renew(db, person, session, now=now, second_factor_at=now, alone=True)
    return token, codes


def renew_recovery_codes(db: Session, person_id: int, *, now: datetime) -> list[str]:
    """Codes in place of those before."""
    person = locked_person(db, person_id)
    codes = _fresh_codes(db, person)
    _tell(db, person, "new_codes", now)
    return codes


def remove_second_factor(db: Session, session: SignInSession, *, now: datetime) -> str:
    """Go without it again; the renewed session's token.

    The other sessions end: one that waits for its code would be worth more than it was.

    Raises:
        Refused: staff wish to remove their own.
        SessionOver: the session was ended meanwhile.
    """
    person = locked_person(db, session.person_id)
    if person.role in STAFF:
        raise Refused(STAFF_KEEP_IT)
    _remove(db, person, now)
    return sessions.renew(db, person, session, now=now, alone=True)


def reset_second_factor(db: Session, person_id: int, *, now: datetime, by: str) -> None:
    """Let a person begin anew with another telephone; all their sessions end."""
    person = locked_person(db, person_id)
    _remove(db, person, now, by=by)
    sessions.end_all(db, person, now=now)


def _remove(db: Session, person: Person, now: datetime, *, by: str = "") -> None:
    person.totp_secret = None
    db.add(person)
    db.execute(delete(RecoveryCode).where(col(RecoveryCode.person_id) == person.id))
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
