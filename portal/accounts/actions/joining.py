"""Opening accounts: no person before address and passphrase are shown to be one's own."""

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from portal.accounts import emails
from portal.accounts.actions.sessions import on_record
from portal.accounts.actions.tries import forget_tries, forgive_try
from portal.accounts.hashing import new_token, token_hash
from portal.accounts.models import OneUseLink, Person, SignUp
from portal.accounts.queries import folded, open_sign_up, person_with_email, waiting_sign_up
from portal.accounts.rules import LINK_LASTS
from portal.infra.audit import record
from portal.infra.db import violated
from portal.infra.small_secrets import NotOurs, fingerprint, seal, unseal
from portal.kernel.problems import NotHere, Refused
from portal.kernel.text import N_

OWN = "own sign-up"
WRONG = N_("This is not the passphrase chosen at sign-up")


def sign_up(
    db: Session, *, email: str, name: str, language: str, passphrase_hash: str, now: datetime
) -> str:
    """Ask the owner of the address by mail. Whether there is an account, only the mail tells.

    Returns the mark by which this browser, and no other, may have the mail sent again and
    confirms without the passphrase. It looks the same where there is an account and so
    nothing to send.
    """
    if person := person_with_email(db, email):
        emails.already_registered(db, person, now)
        return _mark(0, passphrase_hash)
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
    return _mark(asked.id or 0, passphrase_hash)


def send_again(db: Session, *, email: str, mark: str, lang: str, now: datetime) -> None:
    """A fresh link for the sign-up that `mark` stands for; the old one is dead.

    Never for somebody else's with the same address: the owner would confirm a passphrase that
    a stranger chose. Without a sign-up of their own the mail says how to begin.
    """
    asked = waiting_sign_up(db, _number(mark), email, now)
    if asked and made_here(asked, mark):
        token = new_token()
        asked.token_hash, asked.expires_at = token_hash(token), now + LINK_LASTS
        _send(db, asked, token)
    elif person := person_with_email(db, email):
        emails.already_registered(db, person, now)
    else:
        emails.no_account(db, email, lang, now)


def made_here(asked: SignUp, mark: str) -> bool:
    """Whether the browser with this mark is the one that signed up, passphrase and all.

    The number alone would not tell: SQLite gives that of a sign-up cleared away to the next.
    """
    return _opened(mark) == _marked(asked.id or 0, asked.passphrase_hash)


def _mark(sign_up_id: int, passphrase_hash: str) -> str:
    # Sealed and of one length: a signed cookie can be read by whoever holds it.
    return seal(OWN, _marked(sign_up_id, passphrase_hash).encode()).decode()


def _marked(sign_up_id: int, passphrase_hash: str) -> str:
    return f"{sign_up_id:012d}{fingerprint(OWN, passphrase_hash)}"


def _number(mark: str) -> int:
    return int(_opened(mark)[:12] or 0)


def _opened(mark: str) -> str:
    try:
        return unseal(OWN, mark.encode()).decode()
    except NotOurs:
        return ""


def _send(db: Session, asked: SignUp, token: str) -> None:
    db.add(asked)
    db.flush()
    emails.confirm_address(db, asked, token)


def fail(db: Session, asked: SignUp, *, now: datetime) -> Refused:
    """Put on record that somebody with the link did not know the passphrase."""
    record(db, "sign_up.passphrase_failed", by="nobody", at=now, subject=f"sign_up:{asked.id}")
    return Refused(WRONG)


def forgive(db: Session, asked: SignUp, network: str) -> None:
    """The passphrase was the right one: what was counted for it does not count."""
    forgive_try(db, "address", network)
    forget_tries(db, "account", asked.email_folded)


def confirm(db: Session, token: str, *, now: datetime) -> Person:
    """Open the account that this link belongs to.

    To be asked only by the browser that signed up, or by who has just given the passphrase:
    the link shows that the mailbox is theirs, not that they chose what will open the account.

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
    _add(db, person)
    record(db, "person.signed_up", by=on_record(person), at=now, subject=on_record(person))
    return person


def _add(db: Session, person: Person) -> None:
    try:
        with db.begin_nested():
            db.add(person)
    except IntegrityError as error:
        if "email_folded" not in violated(error):
            raise
        # Another link of the same address was pressed at the same moment and came first.
        raise NotHere from None


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
