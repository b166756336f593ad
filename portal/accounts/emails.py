"""Every mail about an account, in its person's language."""

from datetime import datetime

from sqlmodel import Session

from portal.accounts.models import OneUseLink, Person, SignUp
from portal.infra.mail import send_mail
from portal.infra.small_secrets import fingerprint


def confirm_address(db: Session, sign_up: SignUp, token: str) -> None:
    send_mail(
        db,
        to=sign_up.email,
        lang=sign_up.language,
        template="confirm_address",
        once=f"confirm_address:{sign_up.id}:{sign_up.token_hash[:16]}",
        name=sign_up.name,
        token=token,
        until=sign_up.expires_at,
    )


def already_registered(db: Session, person: Person, now: datetime) -> None:
    """Somebody signed up with the address of an account: its owner alone learns of it."""
    _tell(db, person, "already_registered", now)


def no_account(db: Session, email: str, lang: str, now: datetime) -> None:
    """A new passphrase or link was asked for with an address that has no account."""
    whose = fingerprint("recipient", email)[:16]
    once = f"no_account:{whose}:{now.timestamp()}"
    send_mail(db, to=email, lang=lang, template="no_account", once=once)


def reset_passphrase(db: Session, person: Person, link: OneUseLink, token: str) -> None:
    _open(db, person, "reset_passphrase", link, token)


def staff_invitation(db: Session, person: Person, link: OneUseLink, token: str) -> None:
    _open(db, person, "staff_invitation", link, token)


def passphrase_changed(db: Session, person: Person, now: datetime) -> None:
    _tell(db, person, "passphrase_changed", now)


def second_factor_changed(db: Session, person: Person, what: str, now: datetime) -> None:
    """`what`: "set", "removed", "new_codes" or "recovery_code_used"."""
    _tell(db, person, "second_factor_changed", now, what)


def _open(db: Session, person: Person, template: str, link: OneUseLink, token: str) -> None:
    send_mail(
        db,
        to=person.email,
        lang=person.language,
        template=template,
        once=f"{template}:{link.id}",
        name=person.name,
        token=token,
        until=link.expires_at,
    )


def _tell(db: Session, person: Person, template: str, now: datetime, what: str = "") -> None:
    send_mail(
        db,
        to=person.email,
        lang=person.language,
        template=template,
        once=f"{template}:{person.id}:{now.timestamp()}",
        name=person.name,
        at=now,
        what=what,
    )
