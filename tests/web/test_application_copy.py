"""The PDF copy of an application: in three languages, of many locations, its reading on record."""

import io
import re
import subprocess

import pikepdf
import pytest
from flask import Flask
from sqlmodel import Session, select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.accounts.models import Person
from portal.application import papers
from portal.infra.audit import AuditEntry
from portal.infra.printing import warm
from portal.infra.tickets_models import Ticket
from tests.applying import Applicant, soundly, with_rows
from tests.people import SignIn

import_jobs()

RARE = "㘭䃟𠝹𨋢邨埗鰂磡衞"
"""HKSCS, CJK Extension A and B, and Hong Kong's own forms."""

FIXED = {
    "en": ("Application to join eHealth", "Supporting documents", "Service locations"),
    "tc": ("參與醫健通申請", "證明文件", "醫護服務地點"),
    "sc": ("参与医健通申请", "证明文件", "医护服务地点"),
}


@pytest.fixture
def applying(app: Flask, applicant: Person, sign_in: SignIn) -> Applicant:
    return Applicant(sign_in(applicant)).begin("CLG")


def copy_of(app: Flask, applying: Applicant) -> bytes:
    applying.submit()
    run_waiting(app)
    answer = applying.client.get(f"{applying.path}/copy.pdf")
    assert answer.mimetype == "application/pdf"
    return answer.data


def words(pdf: bytes) -> str:
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return done.stdout.decode()


def packed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_the_text_of_the_copy_is_what_was_answered(app, applying, lang):
    applying.fill()
    told = {**soundly("institution"), "letters": lang, "name_tc": f"{RARE}診所"}
    applying.save("institution", told)
    place = {**soundly("locations"), "name_tc": f"{RARE}分店", "address_sc": f"九龙{RARE}道1号"}
    applying.add("locations", place)
    text = packed(words(copy_of(app, applying)))
    for said in (told["name_en"], told["name_tc"], place["name_tc"], place["address_tc"],
                 place["address_sc"], applying.shown_reference, *FIXED[lang]):  # fmt: skip
        assert packed(said) in text, said


def headings(pdf: pikepdf.Pdf) -> list[str]:
    with pdf.open_outline() as outline:
        waiting, found = list(outline.root), []
        while waiting:
            item = waiting.pop(0)
            found.append(item.title)
            waiting[:0] = item.children
        return found


def test_many_locations_are_drawn_in_portions_and_joined(app, applying, session, monkeypatch):
    applying.fill()
    with_rows(session, applying.stored(session), "locations", 45)
    held = []
    draw = papers.write_pdf

    def watched(*args: object, **options: object) -> bytes:
        held.append(warm().lock._is_owned())
        return draw(*args, **options)

    monkeypatch.setattr(papers, "write_pdf", watched)
    content = copy_of(app, applying)
    assert held == [False, False, False]
    text = words(content)
    assert [f"Chan Clinic {n}" in text for n in (2, 44, 45)] == [True, True, True]
    numbers = [int(n) for n in re.findall(r"^(\d+)\n?\f", text, re.M)]
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert numbers == list(range(1, len(pdf.pages) + 1))
        titles = headings(pdf)
        assert [t for t in titles if t.startswith("Chan Clinic ")][-1] == "Chan Clinic 45"
        assert titles[-1] == "Declaration"
        top = pdf.Root.StructTreeRoot.K[0]
        assert sum(str(e.S) == "/H3" for e in elements(top)) == 1 + 45


def elements(element: pikepdf.Object):
    waiting = [element]
    while waiting:
        one = waiting.pop()
        yield one
        kids = one.get("/K", [])
        kids = kids if isinstance(kids, pikepdf.Array) else [kids]
        waiting += [kid for kid in kids if isinstance(kid, pikepdf.Dictionary) and "/S" in kid]


def test_while_it_is_made_the_page_says_how_far_it_is(app, applying, session):
    applying.fill()
    applying.submit()
    ticket = session.exec(select(Ticket).where(Ticket.job == "application_copy")).one()
    ticket.done, ticket.total = 3, 26
    session.add(ticket)
    session.commit()
    page = applying.client.get(f"{applying.path}/copy.pdf").text
    assert "3 of 26 parts are drawn" in page


def test_the_work_tells_how_many_portions_there_are(app, applying, session):
    applying.fill()
    with_rows(session, applying.stored(session), "locations", 45)
    copy_of(app, applying)
    session.rollback()
    ticket = session.exec(select(Ticket).where(Ticket.job == "application_copy")).one()
    assert (ticket.done, ticket.total) == (3, 3)


def test_reading_the_copy_is_on_record(app, applying, session: Session):
    applying.fill()
    copy_of(app, applying)
    session.rollback()
    case = applying.stored(session)
    read = session.exec(select(AuditEntry).where(AuditEntry.action == "file.read")).all()
    assert [entry.subject for entry in read] == [f"file:{case.copy_file_id}"]
