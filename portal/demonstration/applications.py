"""Made-up applications in different stages, written as applicants and officers would."""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from portal.accounts.models import Person
from portal.accounts.rules import PERMISSIONS, Role
from portal.application import actions, deciding
from portal.application.steps import STEPS
from portal.cases.actions import acknowledge, add_document, keep_answer, new_row
from portal.cases.documents import requirements_for
from portal.cases.models import Case
from portal.cases.notices import notices_for
from portal.infra.files import keep
from portal.infra.guards import Who
from portal.infra.printing import write_pdf
from portal.kernel.hktime import hk_date
from portal.registry.models import Institution
from portal.registry.scheme import Scheme, scheme

FILE = Path(__file__).with_name("applications.toml")


def load(db: Session, *, now: datetime) -> int:
    """Write the applications that are not there yet; how many that was."""
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))["application"]
    titles = [each["institution"]["name_en"] for each in given]
    known = set(db.exec(select(Case.title_en).where(col(Case.title_en).in_(titles))).all())
    fresh = [each for each in given if each["institution"]["name_en"] not in known]
    for each in fresh:
        write(db, each, now=now)
    return len(fresh)


def write(db: Session, given: dict[str, Any], *, now: datetime) -> Case:
    """One application, begun `began` days ago, brought to the stage it is to be in."""
    began = now - timedelta(days=given["began"])
    tables = scheme(hk_date(began))
    who = _who(db, given["applicant"])
    case = actions.begin(db, given["kind"], by=who, language=who.language, scheme=tables, now=began)
    _answer(db, case, given, tables, began)
    if given["stage"] != "draft":
        _file_documents(db, case, began)
        actions.submit(db, case, by=who, scheme=tables, now=began)
    if given["stage"] in {"accepted", "registered"}:
        _accept(db, case, tables, began + timedelta(days=3))
    if given["stage"] == "registered":
        _register(db, case, began + timedelta(days=5), now)
    return case


def _answer(db: Session, case: Case, given: dict[str, Any], tables: Scheme, at: datetime) -> None:
    for notice in notices_for(tables.kind[case.kind].conditions, hk_date(at)):
        acknowledge(db, case, notice.key, notice.version, now=at)
    around = {"tables": tables, "given": actions.given(case, tables)}
    for step in STEPS:
        told = given.get(step.key)
        for answers in told if step.many and told else [told] if told else []:
            form = step.filled(answers, **around)
            if step.key == "institution":
                actions.take_particulars(case, form)
            keep_answer(
                db, case, step.key, form.answers(), row=new_row() if step.many else "",
                revision=0, sound=not form.problems(), now=at,
            )  # fmt: skip


def _file_documents(db: Session, case: Case, at: datetime) -> None:
    for need in requirements_for(case.kind, hk_date(at)):
        if need.required:
            content = sample(need.document.name_en)
            file = keep(
                db, content, filename=f"{need.document.code}.pdf", media_type="application/pdf",
                owner=f"case:{case.reference}", now=at,
            )  # fmt: skip
            add_document(db, case, need.document.code, file, now=at)


def sample(title: str) -> bytes:
    """A paper that says of itself that it is none."""
    html = (
        "<!doctype html><html><head><meta charset='utf-8'><title>SAMPLE</title></head><body>"
        f"<h1>SAMPLE</h1><p>{title}</p><p>Made up for demonstration.</p></body></html>"
    )
    return write_pdf(html, lang="en")


def _accept(db: Session, case: Case, tables: Scheme, at: datetime) -> None:
    officer = _officer(db)
    deciding.open_review(db, case, by=officer, now=at)
    deciding.accept(db, case, by=officer, scheme=tables, now=at)


def _register(db: Session, case: Case, installed_at: datetime, now: datetime) -> None:
    # The letter of acceptance counts as handed over when it was written, not when it is loaded.
    case.handed_over_at = case.decided_at
    for place in db.get_one(Institution, case.institution_id).locations:
        deciding.note_connected(db, place, used_at=installed_at, now=now)
    deciding.take_effect(db, case, now=now)


def _who(db: Session, email: str) -> Who:
    return who_of(db.exec(select(Person).where(Person.email == email)).one())


def _officer(db: Session) -> Who:
    wanted = select(Person).where(
        col(Person.demonstration), Person.role == Role.REGISTRATION_OFFICER
    )
    return who_of(db.exec(wanted).first() or _missing())


def _missing() -> Person:
    raise LookupError("load the demonstration people first")


def who_of(person: Person) -> Who:
    """`person` as guards and actions know somebody signed in."""
    assert person.id is not None
    return Who(
        id=person.id, email=person.email, name=person.name, language=person.language,
        permissions=PERMISSIONS[Role(person.role)],
    )  # fmt: skip
