"""Beginning, renewing and ending sessions."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, update
from sqlmodel import Session, col

from portal.accounts.hashing import new_token, token_hash
from portal.accounts.models import Person, SignInSession
from portal.accounts.queries import locked_person
from portal.accounts.rules import SEEN_EVERY
from portal.infra.audit import record

FORGOTTEN_AFTER = timedelta(days=30)


class SessionOver(Exception):
    """The session was ended while its own request was on the way: nothing of it is kept."""


def begin(
    db: Session, person: Person, *, device: str, now: datetime, second_factor_at: datetime | None
) -> str:
    """A session of a token nobody knew before, which the cookie gets."""
    token = new_token()
    begun = SignInSession(
        token_hash=token_hash(token),
        person_id=id_of(person),
        device=device,
        created_at=now,
        last_seen_at=now,
        second_factor_at=second_factor_at,
    )
    db.add(begun)
    own = col(SignInSession.person_id) == person.id
    old = col(SignInSession.created_at) < now - FORGOTTEN_AFTER
    db.execute(delete(SignInSession).where(own, old))
    return token


def renew(
    db: Session,
    person: Person,
    old: SignInSession,
    *,
    now: datetime,
    second_factor_at: datetime | None = None,
    alone: bool = False,
) -> str:
    """The same sign-in goes on under a new token: after every change of right.

    `second_factor_at`: it was proved now; otherwise it stays as it was. `alone`: the person's
    other sessions end. Whoever calls holds the person's row, so that no session begins beside
    one that ends them all.

    Raises:
        SessionOver: it was ended meanwhile, and what is over does not begin anew.
    """
    this = (col(SignInSession.id) == old.id, col(SignInSession.ended_at).is_(None))
    left = db.execute(update(SignInSession).where(*this).values(ended_at=now))
    assert isinstance(left, CursorResult)
    if left.rowcount != 1:
        raise SessionOver
    if alone:
        end_all(db, person, now=now)
    proved = second_factor_at or old.second_factor_at
    return begin(db, person, device=old.device, now=now, second_factor_at=proved)


def end(db: Session, session: SignInSession, *, now: datetime) -> None:
    """Sign out."""
    session.ended_at = session.ended_at or now
    db.add(session)
    whose = f"person:{session.person_id}"
    record(db, "person.signed_out", by=whose, at=now, subject=whose)


def end_all(db: Session, person: Person, *, now: datetime) -> int:
    """End every session of a person; how many there were."""
    open_ones = (col(SignInSession.person_id) == person.id, col(SignInSession.ended_at).is_(None))
    ended = db.execute(update(SignInSession).where(*open_ones).values(ended_at=now))
    assert isinstance(ended, CursorResult)
    return ended.rowcount


def seen(db: Session, session: SignInSession, now: datetime) -> None:
    """Note that the session is in use, once in a while: most pages write nothing."""
    stale = col(SignInSession.last_seen_at) <= now - SEEN_EVERY
    own = col(SignInSession.id) == session.id
    db.execute(update(SignInSession).where(own, stale).values(last_seen_at=now))


def sign_out_everywhere(db: Session, person_id: int, *, now: datetime) -> None:
    """End all sessions of a person who wishes so, also one that is just being renewed."""
    person = locked_person(db, person_id)
    count = end_all(db, person, now=now)
    name = on_record(person)
    record(db, "person.sessions_ended", by=name, at=now, subject=name, sessions=count)


def id_of(person: Person) -> int:
    assert person.id is not None
    return person.id


def on_record(person: Person) -> str:
    """How the audit names a person."""
    return f"person:{person.id}"
