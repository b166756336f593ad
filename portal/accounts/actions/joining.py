"""Opening accounts: an address is confirmed by a link before there is a person."""

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, update
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions.sessions import on_record
from portal.accounts.hashing import new_token, token_hash
from portal.accounts.models import OneUseLink, Person, SignUp
from portal.accounts.queries import folded, newest_sign_up, open_sign_up, person_with_email
from portal.accounts.rules import LINK_LASTS
from portal.infra.audit import record
from portal.kernel.problems import NotHere


def sign_up(
    db: Session, *, email: str, name: str, language: str, passphrase_hash: str, now: datetime
) -> None:
    """Ask the owner of the address by mail. Whether there is an account, only the mail tells."""
    if person := person_with_email(db, email):
        emails.already_registered(db, person, now)
        return
    token = new_token()
    asked = SignUp(
        token_hash=token_hash(token),
        email=email,
        email_folded=folded(email),
        name=name,
        language=language,
        passphrase_hash=passphrase_hash,
        created_at=now,
        expires_at=now + LINK_LASTS,
    )
    db.execute(delete(SignUp).where(col(SignUp.expires_at) <= now))
    _send(db, asked, token)
    record(db, "sign_up.asked", by="nobody", at=now, subject=f"sign_up:{asked.id}")


def send_again(db: Session, *, email: str, now: datetime) -> None:
    """A fresh link for the last sign-up with this address, if there is one; the old one is dead."""
    asked = newest_sign_up(db, email, now)
    if asked is None:
        if person := person_with_email(db, email):
            emails.already_registered(db, person, now)
        return
    token = new_token()
    asked.token_hash, asked.expires_at = token_hash(token), now + LINK_LASTS
    _send(db, asked, token)


def _send(db: Session, asked: SignUp, token: str) -> None:
    db.add(asked)
    db.flush()
    emails.confirm_address(db, asked, token)


def confirm(db: Session, token: str, *, now: datetime) -> Person:
    """Open the account that this link belongs to.

    Raises:
        NotHere: the link is unknown, too old, or was used: here or for the same address.
    """
    asked = open_sign_up(db, token, now)
    use_once(db, SignUp, SignUp.id == asked.id, now)
    if person_with_email(db, asked.email):
        raise NotHere
    person = Person(
        email=asked.email,
        email_folded=asked.email_folded,
        name=asked.name,
        language=asked.language,
        passphrase_hash=asked.passphrase_hash,
        created_at=now,
        confirmed_at=now,
    )
    db.add(person)
    db.flush()
    record(db, "person.signed_up", by=on_record(person), at=now, subject=on_record(person))
    return person


def use_once(
    db: Session,
    kind: type[SignUp] | type[OneUseLink],
    which: ColumnElement[bool] | bool,
    now: datetime,
) -> None:
    """Use a link up: of many requests at once one gets through.

    Raises:
        NotHere: another was first.
    """
    unused = col(kind.used_at).is_(None)
    used = db.execute(update(kind).where(which, unused).values(used_at=now))  # type: ignore[arg-type]
    assert isinstance(used, CursorResult)
    if used.rowcount != 1:
        raise NotHere
