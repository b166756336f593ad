"""Who somebody is: by session, by address, by link."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, func
from sqlmodel import Session, col, select

from portal.accounts.hashing import token_hash
from portal.accounts.models import (
    KeptTyping,
    OneUseLink,
    Person,
    RecoveryCode,
    SignInSession,
    SignUp,
)
from portal.kernel.problems import NotHere

# Asked for every page of somebody signed in: built once.
SESSION = (
    select(SignInSession, Person)
    .join(Person, col(SignInSession.person_id) == col(Person.id))
    .where(SignInSession.token_hash == bindparam("token_hash"))
)


def folded(email: str) -> str:
    """What makes two addresses the same one: case is forgotten, also before the @."""
    return email.strip().casefold()


def person_with_email(db: Session, email: str) -> Person | None:
    return db.exec(select(Person).where(Person.email_folded == folded(email))).one_or_none()


def person_numbered(db: Session, person_id: int) -> Person:
    return db.get_one(Person, person_id)


def locked_person(db: Session, person_id: int) -> Person:
    """The person as on record now; nobody else changes the row until this transaction ends."""
    wanted = select(Person).where(Person.id == person_id)
    fresh = wanted.with_for_update().execution_options(populate_existing=True)
    return db.exec(fresh).one()


def people_with_roles(db: Session, roles: Iterable[str]) -> list[Person]:
    wanted = select(Person).where(col(Person.role).in_(list(roles)))
    return list(db.exec(wanted.order_by(Person.email_folded)))


def session_of(db: Session, token: str) -> tuple[SignInSession, Person] | None:
    """The session a cookie's token belongs to, over or not, and its person."""
    return db.exec(SESSION, params={"token_hash": token_hash(token)}).one_or_none()


def sessions_of(db: Session, person_id: int, since: datetime) -> list[SignInSession]:
    """Sessions begun after `since` that nobody ended, the newest first."""
    wanted = select(SignInSession).where(
        SignInSession.person_id == person_id,
        col(SignInSession.ended_at).is_(None),
        SignInSession.created_at > since,
    )
    return list(db.exec(wanted.order_by(col(SignInSession.last_seen_at).desc())))


def open_sign_up(db: Session, token: str, now: datetime) -> SignUp:
    """The sign-up a link belongs to.

    Raises:
        NotHere: there is none, it was used, or it is too old.
    """
    found = db.exec(select(SignUp).where(SignUp.token_hash == token_hash(token))).one_or_none()
    if found is None or found.used_at or found.expires_at <= now:
        raise NotHere
    return found


def waiting_sign_up(db: Session, sign_up_id: int, email: str, now: datetime) -> SignUp | None:
    """The sign-up of this number, if it is for this address and can still be confirmed."""
    wanted = select(SignUp).where(
        SignUp.id == sign_up_id,
        SignUp.email_folded == folded(email),
        col(SignUp.used_at).is_(None),
        SignUp.expires_at > now,
    )
    return db.exec(wanted).one_or_none()


def open_link(db: Session, token: str, kind: str, now: datetime) -> OneUseLink:
    """The link with this token.

    Raises:
        NotHere: there is none of this kind, it was used, or it is too old.
    """
    wanted = select(OneUseLink).where(
        OneUseLink.token_hash == token_hash(token), OneUseLink.kind == kind
    )
    found = db.exec(wanted).one_or_none()
    if found is None or found.used_at or found.expires_at <= now:
        raise NotHere
    return found


def recovery_codes_left(db: Session, person_id: int) -> int:
    unused = select(func.count()).where(
        RecoveryCode.person_id == person_id, col(RecoveryCode.used_at).is_(None)
    )
    return db.exec(unused).one()


def kept_typing(db: Session, name: str, person_id: int, now: datetime) -> KeptTyping:
    """What this person had typed when their session was over.

    Raises:
        NotHere: there is nothing, no longer, or it is somebody else's.
    """
    wanted = select(KeptTyping).where(
        KeptTyping.name == name, KeptTyping.person_id == person_id, KeptTyping.expires_at > now
    )
    found = db.exec(wanted).one_or_none()
    if found is None:
        raise NotHere
    return found
