"""Changing a passphrase: knowing the old one, or by a link in a mail."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions.joining import use_once
from portal.accounts.actions.sessions import end_all, id_of, on_record, renew
from portal.accounts.actions.tries import forget_tries
from portal.accounts.hashing import new_token, token_hash
from portal.accounts.models import OneUseLink, Person, SignInSession
from portal.accounts.queries import locked_person, open_link, person_with_email
from portal.accounts.rules import LINK_LASTS
from portal.infra.audit import record
from portal.kernel.problems import NotHere

RESET, INVITATION = "reset", "invitation"


def new_link(
    db: Session, person: Person, kind: str, *, lasts: timedelta, now: datetime
) -> tuple[OneUseLink, str]:
    """A link of this kind and its token; those sent before are dead."""
    earlier = (OneUseLink.person_id == person.id, OneUseLink.kind == kind)
    fresh = col(OneUseLink.used_at).is_(None)
    db.execute(update(OneUseLink).where(*earlier, fresh).values(used_at=now))  # type: ignore[arg-type]
    token = new_token()
    link = OneUseLink(
        kind=kind,
        token_hash=token_hash(token),
        person_id=id_of(person),
        created_at=now,
        expires_at=now + lasts,
    )
    db.add(link)
    db.flush()
    return link, token


def ask_reset(db: Session, *, email: str, lang: str, now: datetime) -> None:
    """Send a link to choose a new passphrase, or the news that there is no account."""
    person = person_with_email(db, email)
    if person is None or person.disabled_at or not person.confirmed_at:
        emails.no_account(db, email, lang, now)
        return
    link, token = new_link(db, person, RESET, lasts=LINK_LASTS, now=now)
    emails.reset_passphrase(db, person, link, token)
    record(db, "person.reset_asked", by="nobody", at=now, subject=on_record(person))


def reset(db: Session, token: str, passphrase_hash: str, *, now: datetime) -> Person:
    """Set the passphrase by a link. The second factor, if there is one, is asked all the same.

    Raises:
        NotHere: the link is unknown, too old or used, or the person was disabled since.
    """
    person = _by_link(db, token, RESET, now)
    _set(db, person, passphrase_hash, now, "person.passphrase_reset")
    end_all(db, person, now=now)
    return person


def accept_invitation(db: Session, token: str, passphrase_hash: str, *, now: datetime) -> Person:
    """A member of staff chooses their passphrase. Raises: NotHere, as `reset`."""
    person = _by_link(db, token, INVITATION, now)
    person.confirmed_at = now
    person.passphrase_hash = passphrase_hash
    db.add(person)
    record(
        db, "person.invitation_accepted", by=on_record(person), at=now, subject=on_record(person)
    )
    return person


def change(db: Session, session: SignInSession, passphrase_hash: str, *, now: datetime) -> str:
    """Set the passphrase of somebody who gave the old one; the renewed session's token.

    Their other sessions end.

    Raises:
        SessionOver: this one was ended meanwhile.
    """
    person = locked_person(db, session.person_id)
    _set(db, person, passphrase_hash, now, "person.passphrase_changed")
    return renew(db, person, session, now=now, alone=True)


def _set(db: Session, person: Person, passphrase_hash: str, now: datetime, action: str) -> None:
    person.passphrase_hash = passphrase_hash
    db.add(person)
    forget_tries(db, "account", person.email_folded)
    emails.passphrase_changed(db, person, now)
    record(db, action, by=on_record(person), at=now, subject=on_record(person))


def _by_link(db: Session, token: str, kind: str, now: datetime) -> Person:
    link = open_link(db, token, kind, now)
    use_once(db, OneUseLink, OneUseLink.id == link.id, now)
    person = locked_person(db, link.person_id)
    if person.disabled_at:
        raise NotHere
    return person
