"""The people of the tests: an applicant, a colleague, a stranger, an officer, a supervisor."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from portal.accounts.actions import sessions
from portal.accounts.hashing import hashed
from portal.accounts.models import Person
from portal.accounts.queries import folded, person_with_email
from portal.accounts.rules import PERMISSIONS, STAFF, Role
from portal.accounts.second_factors import closed
from portal.infra.db import apart
from portal.infra.guards import Who
from portal.infra.mail import Mail


@dataclass(frozen=True)
class Someone:
    """What a person knows about themselves: how to sign in."""

    email: str
    name: str
    role: Role = Role.APPLICANT
    language: str = "en"
    passphrase: str = "blue kettle rides north"
    totp_secret: str = ""

    def code(self, at: datetime | None = None) -> str:
        return pyotp.TOTP(self.totp_secret).at(at or datetime.now(UTC))


ALICE = Someone("alice@clinic.example.org", "Alice Au")
BOB = Someone("bob@clinic.example.org", "陳大文", language="tc")
CHARLIE = Someone("charlie@elsewhere.example.org", "Charlie Cheung")
OLIVE = Someone(
    "olive@registration.example.org",
    "Olive Or",
    Role.REGISTRATION_OFFICER,
    totp_secret="KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU",
)
SUNNY = Someone(
    "sunny@registration.example.org",
    "Sunny So",
    Role.SUPERVISOR,
    totp_secret="MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK",
)


def enter(db: Session, someone: Someone, **otherwise: object) -> Person:
    """Put a person on record; `otherwise`: columns that are to differ."""
    now = datetime.now(UTC)
    columns = {
        "email": someone.email,
        "email_folded": folded(someone.email),
        "name": someone.name,
        "role": someone.role,
        "language": someone.language,
        "passphrase_hash": hashed(someone.passphrase),
        "totp_secret": closed(someone.totp_secret) if someone.totp_secret else None,
        "created_at": now,
        "confirmed_at": now,
    }
    person = Person(**{**columns, **otherwise})
    db.add(person)
    db.flush()
    return person


def as_who(person: Person) -> Who:
    """The person as routes pass them to actions."""
    assert person.id is not None
    role = Role(person.role)
    return Who(
        person.id, person.email, person.name, person.language, role in STAFF, PERMISSIONS[role]
    )


def _entered(app: Flask, someone: Someone) -> Person:
    with app.app_context(), apart() as db:
        return person_with_email(db, someone.email) or enter(db, someone)


@pytest.fixture
def applicant(app: Flask) -> Person:
    return _entered(app, ALICE)


@pytest.fixture
def colleague(app: Flask) -> Person:
    return _entered(app, BOB)


@pytest.fixture
def stranger(app: Flask) -> Person:
    return _entered(app, CHARLIE)


@pytest.fixture
def registration_officer(app: Flask) -> Person:
    return _entered(app, OLIVE)


@pytest.fixture
def supervisor(app: Flask) -> Person:
    return _entered(app, SUNNY)


SignIn = Callable[[Person], FlaskClient]


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """A browser of their own, signed in with every factor, for a person on record."""

    def signed_in(person: Person) -> FlaskClient:
        now = datetime.now(UTC)
        with app.app_context(), apart() as db:
            token = sessions.begin(db, person, device="", now=now, second_factor_at=now)
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["_user_id"] = token
        return client

    return signed_in


def sign_in_by_pages(client: FlaskClient, someone: Someone, **query: str) -> TestResponse:
    """As somebody does it in a browser; the answer to the last form."""
    client.get("/en/account/sign-in", query_string=query)
    given = {"email": someone.email, "passphrase": someone.passphrase, **query}
    answer = client.post("/en/account/sign-in", data=given)
    if someone.totp_secret and answer.status_code == 303:
        client.get(answer.location)
        answer = client.post("/en/account/sign-in/code", data={"code": someone.code(), **query})
    return answer


def letters_to(app: Flask, email: str) -> list[Mail]:
    """What was written to this address, the newest first."""
    with app.app_context(), apart() as db:
        to = select(Mail).where(Mail.recipient == email)
        return list(db.exec(to.order_by(col(Mail.created_at).desc())))


def link_in(letter: Mail) -> str:
    """The path of the first link in a letter."""
    found = re.search(r"https?://[^/\s]+(/\S+)", letter.body_text)
    assert found, letter.body_text
    return found[1]
