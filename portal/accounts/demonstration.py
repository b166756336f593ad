"""Made-up people with passphrases that everybody knows, for the embedded default alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pyotp
from sqlmodel import Session, col, select

from portal.accounts.hashing import hashed
from portal.accounts.models import Person
from portal.accounts.queries import folded, person_with_email
from portal.accounts.rules import Role
from portal.accounts.second_factors import closed
from portal.infra.audit import record
from portal.infra.clock import real_now
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.kernel.text import N_

NOT_HERE = N_("Demonstration people do not exist in production")


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Somebody to try the portal as. Nobody's name; the domain cannot have mailboxes."""

    email: str
    name: str
    role: Role
    language: str
    passphrase: str
    totp_secret: str = ""

    def code(self, now: datetime) -> str:
        """The one-time code at `now`, or "" if there is no second step."""
        return pyotp.TOTP(self.totp_secret).at(now) if self.totp_secret else ""


PEOPLE = (
    MadeUp(
        "applicant@example.org",
        "Apple Applicant (demonstration)",
        Role.APPLICANT,
        "en",
        "blue kettle rides north",
    ),
    MadeUp(
        "colleague@example.org",
        "申請示範甲",
        Role.APPLICANT,
        "tc",
        "seven umbrellas on the tram",
    ),
    MadeUp(
        "stranger@example.org",
        "申请示范乙",
        Role.APPLICANT,
        "sc",
        "paper lantern under water",
        "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    ),
    MadeUp(
        "officer@example.org",
        "Olive Officer (demonstration)",
        Role.REGISTRATION_OFFICER,
        "en",
        "quiet harbour morning tea",
        "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU",
    ),
    MadeUp(
        "supervisor@example.org",
        "Sunny Supervisor (demonstration)",
        Role.SUPERVISOR,
        "en",
        "four ladders and a melon",
        "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK",
    ),
)


def load(db: Session, now: datetime) -> list[Person]:
    """Create those that are not there yet; who that was.

    Raises:
        Refused: this is production.
    """
    if settings().production:
        raise Refused(NOT_HERE)
    missing = [each for each in PEOPLE if person_with_email(db, each.email) is None]
    return [create(db, each, now) for each in missing]


def create(db: Session, made_up: MadeUp, now: datetime) -> Person:
    """One made-up person on record."""
    person = Person(
        email=made_up.email,
        email_folded=folded(made_up.email),
        name=made_up.name,
        language=made_up.language,
        role=made_up.role,
        passphrase_hash=hashed(made_up.passphrase),
        totp_secret=closed(made_up.totp_secret) if made_up.totp_secret else None,
        created_at=now,
        confirmed_at=now,
        demonstration=True,
    )
    db.add(person)
    db.flush()
    subject = f"person:{person.id}"
    record(db, "person.made_up", by="demonstration", at=now, subject=subject)
    return person


def has_made_up_people(db: Session) -> bool:
    """Whether any were ever loaded."""
    return db.exec(select(Person.id).where(col(Person.demonstration)).limit(1)).first() is not None


class Access(NamedTuple):
    """How to sign in as somebody made up; `code` is the one-time code of this moment."""

    email: str
    passphrase: str
    code: str
    role: str
    name: str

    def __str__(self) -> str:
        return "\t".join(self)


def people() -> list[Access]:
    """Everybody made up, for whoever runs the portal.

    Raises:
        Refused: this is production.
    """
    if settings().production:
        raise Refused(NOT_HERE)
    now = real_now()
    return [
        Access(each.email, each.passphrase, each.code(now), each.role.value, each.name)
        for each in PEOPLE
    ]
