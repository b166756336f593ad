"""A small world with something of every sort in it, for tests that visit every route."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import Flask
from sqlmodel import Session, col, select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.accounts.actions.kept import keep
from portal.accounts.models import Person
from portal.cases.models import Answer, Case, CaseDocument
from portal.certificates.models import Authority
from portal.infra.db import apart, unit_of_work
from portal.infra.mail import Mail, MailState
from portal.infra.tickets_models import Ticket
from portal.labels.models import Label, LabelBatch
from portal.labels.sheets import SINGLE
from portal.registry.actions import enter_institution, enter_location, make_effective
from portal.registry.models import Institution, ServiceLocation
from portal.support.models import Enquiry
from tests.applying import Applicant
from tests.certificates import enter, issued, place_numbered
from tests.people import SignIn

import_jobs()

NOBODY_REFERENCE = "AA2AA2AAA"


@dataclass
class World:
    """Values for the variable parts of addresses: whose things they are decides which."""

    own: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    none: dict[str, str] = field(default_factory=dict)


def build(
    app: Flask, db: Session, sign_in: SignIn, owner: Person, other: Person, officer: Person
) -> World:
    """Two people with a handed-in application and a draft each, one registered place, one batch."""
    registered_place(app)
    officer_client = sign_in(officer)
    world = World()
    for person, values in ((owner, world.own), (other, world.foreign)):
        client = sign_in(person)
        handed_in = Applicant(client).begin("CLG").fill()
        handed_in.submit()
        draft = Applicant(client).begin("CLG").fill()
        run_waiting(app)
        values.update(_of(db, draft.reference, handed_in.reference))
        values["applied_for"] = institution_of(app, person, handed_in.reference)
        values["name"] = keep_typing(app, person)
    order_label(officer_client, db)
    for person, values in ((owner, world.own), (other, world.foreign)):
        values.update(set_up(app, person))
    client = app.test_client()
    ask_question(client)
    run_waiting(app)
    letter_comes_back()
    shared = _shared(db)
    world.own |= shared
    world.foreign |= shared
    world.none = _none(world.own)
    return world


def _of(db: Session, draft: str, handed_in: str) -> dict[str, str]:
    db.rollback()
    case = db.exec(select(Case).where(Case.reference == draft)).one()
    row = db.exec(
        select(Answer).where(Answer.case_id == case.id, Answer.step == "locations")
    ).first()
    document = db.exec(select(CaseDocument).where(CaseDocument.case_id == case.id)).first()
    sent = db.exec(select(Case).where(Case.reference == handed_in)).one()
    sent_document = db.exec(select(CaseDocument).where(CaseDocument.case_id == sent.id)).first()
    return {
        "reference": draft,
        "sent": handed_in,
        "row": row.row,
        "file_id": str(document.file_id),
        "sent_file_id": str(sent_document.file_id),
        "step_key": "locations",
        "key": "guide",
        "document_type": document.document_type,
    }


def keep_typing(app: Flask, person: Person) -> str:
    """A form that was sent after its person's session had ended."""
    assert person.id is not None
    where, typed = "/en/account/particulars", [("name", person.name)]
    with unit_of_work(app) as db:
        return keep(db, person.id, where, typed, files=False, now=datetime.now(UTC))


def registered_place(app: Flask) -> None:
    """One institution with one place, effective and listed."""
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        institution = enter_institution(
            db, kind="CLG", name_en="Listed Clinics", name_tc="登記診所", by="test", now=now
        )
        enter_location(
            db, institution, district="ssp", name_en="Listed Clinic", name_tc="登記診所",
            address_en="1 Road", address_tc="道1號", phone="23456789", by="test", now=now,
        )  # fmt: skip
        make_effective(db, institution.id, effective_at=now, by="test", now=now)


def set_up(app: Flask, person: Person) -> dict[str, str]:
    """An accepted institution of this person with one place and its issued certificate."""
    with unit_of_work(app) as db:
        accepted = enter(db, person)
        certificate_id = issued(db, place_numbered(db, accepted.places[0]))
    return {
        "reference_accepted": accepted.reference,
        "own_institution": accepted.number,
        "own_place": accepted.places[0],
        "certificate_id": str(certificate_id),
    }


def order_label(client, db: Session) -> None:
    """Order one for the place that was entered last and is listed."""
    db.rollback()
    places = select(ServiceLocation.number).order_by(col(ServiceLocation.id).desc())
    number = db.exec(places).first()
    client.get("/en/staff/labels/")
    answer = client.post(
        "/en/staff/labels/",
        data={"number": [number], "sheet": SINGLE.key, "start": "1", "asked": number},
    )
    assert answer.status_code == 303, answer.text


def institution_of(app: Flask, person: Person, reference: str) -> str:
    """The number of an effective institution that this person applied for."""
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        made = enter_institution(db, kind="CLG", name_en=person.name, by="test", now=now)
        make_effective(db, made.id, effective_at=now, by="test", now=now)
        case = db.exec(select(Case).where(Case.reference == reference)).one()
        registered = case.model_dump(exclude={"id", "reference", "copy_file_id"})
        entered = {"reference": reference[::-1], "state": "registered", "institution_id": made.id}
        db.add(Case(**{**registered, **entered}))
    return made.number


def letter_comes_back() -> None:
    """One whose arrival matters, so that staff can send it again."""
    with apart() as db:
        db.add(
            Mail(
                once="returned", recipient="gone@example.org", lang="en", template="trial",
                subject="Returned", body_text="Text", body_html="<p>Text</p>",
                state=MailState.BOUNCED, created_at=datetime.now(UTC), if_returned="send_mail",
            )
        )  # fmt: skip


def ask_question(client) -> None:
    page = client.get("/en/enquiry").text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)"[^>]* value="([^"]*)"', page))
    form = {
        **hidden, "name": "Visitor", "email": "visitor@example.org", "subject": "joining",
        "message": "How do I join?",
    }  # fmt: skip
    answer = client.post("/en/enquiry", data=form)
    assert answer.status_code == 303, answer.text


def _shared(db: Session) -> dict[str, str]:
    db.rollback()
    return {
        "institution_number": db.exec(select(Institution.number).order_by(Institution.id)).first(),
        "number": db.exec(select(ServiceLocation.number).order_by(ServiceLocation.id)).first(),
        "authority_id": str(db.exec(select(Authority.id)).first()),
        "batch": db.exec(select(LabelBatch.reference)).first(),
        "serial": db.exec(select(Label.serial)).first(),
        "enquiry": db.exec(select(Enquiry.reference)).first(),
        "ticket_id": str(db.exec(select(Ticket.id)).first()),
        "mail_id": str(db.exec(select(Mail.id)).first()),
        "returned_mail": str(db.exec(select(Mail.id).where(Mail.once == "returned")).one()),
    }


def _none(own: dict[str, str]) -> dict[str, str]:
    made: dict[str, Callable[[], str]] = {
        "row": lambda: uuid.uuid4().hex,
        "file_id": lambda: str(uuid.uuid4()),
        "sent_file_id": lambda: str(uuid.uuid4()),
        "mail_id": lambda: str(uuid.uuid4()),
        "ticket_id": lambda: str(uuid.uuid4()),
        "certificate_id": lambda: "999999",
        "returned_mail": lambda: str(uuid.uuid4()),
    }
    keep = {"step_key", "key", "document_type"}
    return {
        name: value if name in keep else made.get(name, lambda: NOBODY_REFERENCE)()
        for name, value in own.items()
    }
