"""A signed-in applicant with a draft of many locations and an application handed in."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask
from sqlmodel import Session

from portal.accounts.actions import sessions
from portal.accounts.models import Person
from portal.accounts.rules import PERMISSIONS, Role
from portal.application import actions
from portal.application.steps import INSTITUTION, LOCATIONS, USERS
from portal.cases.actions import keep_answer, new_row, tell
from portal.cases.models import Case
from portal.cases.rules import State
from portal.forms.fields import Step
from portal.infra.guards import Who
from portal.kernel.hktime import hk_date
from portal.registry.scheme import Scheme, scheme

LOCATION = {
    "name_en": "Example Clinic, Sham Shui Po",
    "name_tc": "示例診所深水埗分店",
    "address_en": "G/F, Example House, 2 Example Road, Sham Shui Po, Kowloon",
    "address_tc": "九龍深水埗示例道2號示例樓地下",
    "district": "ssp",
    "phone": "23456012",
    "registers_patients": False,
    "contact_name": "Demo Contact",
    "contact_phone": "23456013",
}
INSTITUTION_ANSWERS = {
    "name_en": "Example Clinics",
    "name_tc": "示例診所",
    "phone": "23456010",
    "correspondence_address": "1 Example Street",
    "scope": "all",
    "authorised_name": "Demo Person",
    "authorised_post": "Director",
    "authorised_phone": "23456011",
    "authorised_email": "director@example.org",
    "letters": "en",
}
USER = {"surname": "Demo", "roles": ["user_administrator"], "email": "a@example.org"}


@dataclass(frozen=True)
class SignedIn:
    """The cookie of a browser, and the references of its person's two applications."""

    cookie: str
    draft: str
    handed_in: str


def applicant(app: Flask, db: Session, locations: int) -> SignedIn:
    """Put a person on record with a draft of so many locations and one application handed in."""
    now = datetime.now(UTC)
    person = Person(
        email="bench@example.org", email_folded="bench@example.org", name="Bench",
        language="en", created_at=now, confirmed_at=now,
    )  # fmt: skip
    db.add(person)
    db.flush()
    assert person.id is not None
    who = Who(person.id, person.email, person.name, "en", permissions=PERMISSIONS[Role.APPLICANT])
    draft = _draft(db, who, locations, now)
    handed_in = _draft(db, who, 1, now)
    handed_in.state, handed_in.submitted_at = State.SUBMITTED, now
    tell(db, handed_in, "submitted", now)
    token = sessions.begin(db, person, device="", now=now, second_factor_at=now)
    db.commit()
    return SignedIn(_cookie(app, token), draft.reference, handed_in.reference)


def _draft(db: Session, who: Who, locations: int, now: datetime) -> Case:
    tables = scheme(hk_date(now))
    case = actions.begin(db, "CLG", by=who, language="en", scheme=tables, now=now)
    _keep(db, case, INSTITUTION, INSTITUTION_ANSWERS, tables, now)
    _keep(db, case, USERS, USER, tables, now)
    for number in range(locations):
        named = {**LOCATION, "name_en": f"{LOCATION['name_en']} {number + 1}"}
        _keep(db, case, LOCATIONS, named, tables, now)
    return case


def _keep(
    db: Session, case: Case, step: Step, answers: dict[str, object], tables: Scheme, now: datetime
) -> None:
    form = step.filled(answers, tables=tables, given=actions.given(case, tables))
    if step is INSTITUTION:
        actions.take_particulars(case, form)
    keep_answer(
        db, case, step.key, form.answers(), row=new_row() if step.many else "", revision=0,
        sound=form.sound(), now=now,
    )  # fmt: skip


def _cookie(app: Flask, token: str) -> str:
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = token
    kept = client.get_cookie("session")
    assert kept is not None
    return f"session={kept.value}"
