"""Signing in: passphrase first, then the second factor."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions import sessions
from portal.accounts.actions.sessions import id_of, on_record
from portal.accounts.actions.tries import count_sign_in, count_try, forget_tries, forgive_try
from portal.accounts.models import Person, RecoveryCode, SignInSession
from portal.accounts.queries import folded, locked_person, person_with_email
from portal.accounts.rules import may_sign_in, needs_second_step, totp_step
from portal.accounts.second_factors import code_hash, opened
from portal.infra.audit import record
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.kernel.text import N_

WRONG = N_("The e-mail address or the passphrase is not right")
WRONG_CODE = N_("This code is not right, or it was used already. Wait for the next one.")
WRONG_RECOVERY = N_("This recovery code is not right, or it was used already")


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says to be the person with this address; `hash` is empty if nobody is."""

    email: str
    address: str
    person_id: int | None
    hash: str


def begin_try(db: Session, *, email: str, address: str, now: datetime) -> Claim:
    """Count the try, for the account (there or not) and the network address it comes from.

    Raises:
        TooSoon: too many came before.
    """
    count_sign_in(db, email=folded(email), network=address, now=now)
    person = person_with_email(db, email)
    known = person is not None and may_sign_in(
        person.disabled_at, person.demonstration, production=settings().production
    )
    if person is None or not known:
        return Claim(email, address, None, "")
    return Claim(email, address, person.id, person.passphrase_hash)


def fail(db: Session, claim: Claim, *, now: datetime) -> Refused:
    """Put the wrong passphrase on record; one sentence for wrong, unknown and disabled."""
    whom = f"person:{claim.person_id or 'unknown'}"
    record(db, "person.sign_in_failed", by=whom, at=now, subject=whom)
    return Refused(WRONG)


def enter(db: Session, claim: Claim, *, device: str, now: datetime, rehashed: str = "") -> str:
    """Begin the session of somebody whose passphrase fits. `rehashed`: it at today's cost.

    Where a second factor is due the session is worth nothing until it is proved. "" if the
    hash on record is no longer the one the passphrase was held against: look again.
    """
    person = locked_person(db, claim.person_id or 0)
    if person.passphrase_hash != claim.hash:
        return ""
    if rehashed:
        person.passphrase_hash = rehashed
        db.add(person)
    forgive_try(db, "address", claim.address)
    forget_tries(db, "account", folded(claim.email))
    _note(db, "person.passphrase_proved", person, now)
    if not needs_second_step(person.role, person.totp_secret is not None):
        note_signed_in(db, person, now)
    return sessions.begin(db, person, device=device, now=now, second_factor_at=None)


def as_on_record(db: Session, claim: Claim) -> Claim:
    """The same claim with the hash of now: the passphrase was changed, or hashed anew."""
    return replace(claim, hash=locked_person(db, claim.person_id or 0).passphrase_hash)


def note_signed_in(db: Session, person: Person, now: datetime) -> None:
    """Put on record that somebody has proved all they have to."""
    _note(db, "person.signed_in", person, now)


def count_code_try(db: Session, person_id: int, now: datetime) -> None:
    """Raises: TooSoon, after too many wrong codes."""
    count_try(db, "code", str(person_id), now)


def fail_code(db: Session, person_id: int, *, now: datetime) -> None:
    """Put a wrong one-time or recovery code on record."""
    whom = f"person:{person_id}"
    record(db, "person.code_failed", by=whom, at=now, subject=whom)


def prove_code(
    db: Session, person_id: int, session: SignInSession, code: str, *, now: datetime
) -> str:
    """Go on with a code of the app; the new session's token.

    Raises:
        Refused: the code is wrong or was used.
        SessionOver: the session was ended meanwhile.
    """
    person = locked_person(db, person_id)
    step = None
    if person.totp_secret:
        step = totp_step(opened(person), code, now, person.last_totp_step)
    if step is None:
        raise Refused(WRONG_CODE)
    person.last_totp_step = step
    db.add(person)
    return _through(db, person, session, "person.code_proved", now)


def prove_recovery_code(
    db: Session, person_id: int, session: SignInSession, code: str, *, now: datetime
) -> str:
    """Go on with a recovery code, which is used up; the new session's token.

    Raises:
        Refused: there is no such code, or it was used.
        SessionOver: the session was ended meanwhile.
    """
    person = locked_person(db, person_id)
    used = db.execute(
        update(RecoveryCode)
        .where(
            col(RecoveryCode.person_id) == person_id,
            col(RecoveryCode.code_hash) == code_hash(person_id, code),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=now)
    )
    assert isinstance(used, CursorResult)
    if used.rowcount != 1:
        raise Refused(WRONG_RECOVERY)
    emails.second_factor_changed(db, person, "recovery_code_used", now)
    return _through(db, person, session, "person.recovery_code_used", now)


def _through(
    db: Session, person: Person, session: SignInSession, action: str, now: datetime
) -> str:
    forget_tries(db, "code", str(id_of(person)))
    _note(db, action, person, now)
    note_signed_in(db, person, now)
    return sessions.renew(db, person, session, now=now, second_factor_at=now)


def _note(db: Session, action: str, person: Person, now: datetime) -> None:
    record(db, action, by=on_record(person), at=now, subject=on_record(person))
