"""Every letter there is, in a language, for tests that look at letters."""

from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlmodel import Session, col, select

from jobs.running import run_waiting
from portal.accounts import emails as of_accounts
from portal.accounts.models import OneUseLink, Person, SignUp
from portal.application import emails as of_cases
from portal.cases.models import Case
from portal.infra.db import unit_of_work
from portal.infra.mail import Mail
from portal.support import emails as of_enquiries
from portal.support.models import Enquiry
from tests.people import as_who
from tests.web.states import REASONS, Seen

REFERENCES = {"en": "EN2EN2EN2", "tc": "TC2TC2TC2", "sc": "SC2SC2SC2"}


def letters(app: Flask, owner: Person, lang: str) -> list[Seen]:
    """Write them all, hand them over, and say where they are shown."""
    with unit_of_work(app) as db:
        person = db.get_one(Person, owner.id)
        person.language = lang
        now = datetime.now(UTC)
        _about_an_account(db, person, now)
        _about_a_case(db, person, now)
        of_enquiries.confirm(db, Enquiry(
            reference=REFERENCES[lang], language=lang, email=person.email, subject="joining",
        ))  # fmt: skip
    run_waiting(app)
    with unit_of_work(app) as db:
        written = select(Mail).where(Mail.lang == lang).order_by(col(Mail.created_at))
        newest = {mail.template: mail.id for mail in db.exec(written).all()}
    pages = [
        Seen("letters", "nobody", "/{lang}/dev/mail"),
        Seen("letter", "nobody", f"/{{lang}}/dev/mail/{newest['application_declined']}"),
    ]
    return pages + [
        Seen(f"letter-{name}", "nobody", f"/{{lang}}/dev/mail/{number}/html")
        for name, number in newest.items()
    ]


def _about_an_account(db: Session, person: Person, now: datetime) -> None:
    lang = person.language
    link = OneUseLink(id=len(lang) + ord(lang[0]), expires_at=now + timedelta(hours=2))
    of_accounts.confirm_address(db, SignUp(
        id=1, email=person.email, name=person.name, language=lang, token_hash=lang * 32,
        expires_at=now + timedelta(hours=2),
    ), "token" * 8)  # fmt: skip
    of_accounts.no_account(db, person.email, lang, now)
    of_accounts.already_registered(db, person, now)
    of_accounts.reset_passphrase(db, person, link, "token" * 8)
    of_accounts.staff_invitation(db, person, link, "token" * 8)
    of_accounts.passphrase_changed(db, person, now)
    of_accounts.second_factor_changed(db, person, "set", now)


def _about_a_case(db: Session, person: Person, now: datetime) -> None:
    due = now + timedelta(days=14)
    case = Case(
        id=0, reference=REFERENCES[person.language], language=person.language,
        title_en="Chan & Co Clinics", title_tc="陳氏診所",
    )  # fmt: skip
    of_cases.received(db, case, to=as_who(person))
    of_cases.accepted(db, case, to=person, due=due)
    of_cases.declined(db, case, to=person, reasons=REASONS)
    of_cases.effective(db, case, to=person)
    of_cases.documents_reminder(db, case, to=person, due=due, days=14)
    of_cases.documents_lapsed(db, case, to=person, days=60)
    of_cases.setup_reminder(db, case, to=person, due=due, days=14)
    of_cases.setup_lapsed(db, case, to=person, days=60)
    of_cases.document_refused(db, case, to=person, due=due, file_id=person.language)
