"""Applications with many users and locations: as light as with one, and quick with 500."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from sqlmodel import Session

from jobs.worker import import_jobs
from portal.accounts.models import Person
from portal.infra import db
from tests.applying import Applicant, soundly, with_rows
from tests.people import SignIn

import_jobs()

PAGES = ("", "locations", "users", "institution", "locations/new", "review", "documents")
STAFF = "/en/staff/applications"


@pytest.fixture
def applying(app: Flask, applicant: Person, sign_in: SignIn) -> Applicant:
    return Applicant(sign_in(applicant)).begin("CLG").fill()


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL statements of a while."""
    asked: list[str] = []

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)


def cost(visit: Callable[[], object]) -> int:
    with statements() as asked:
        visit()
    return len(asked)


def many(session: Session, applying: Applicant, count: int) -> None:
    for step in ("users", "locations"):
        with_rows(session, applying.stored(session), step, count)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_draft_asks_as_much_for_sixty_as_for_one(applying, session, page):
    def visit() -> None:
        assert applying.client.get(f"{applying.path}/{page}").status_code == 200

    visit()
    one = cost(visit)
    many(session, applying, 60)
    assert cost(visit) == one


@pytest.mark.parametrize("who", ["applicant", "officer"])
def test_what_was_handed_in_asks_as_much_for_sixty_as_for_one(
    applying, session, registration_officer, sign_in, who
):
    applying.submit()
    pages = {
        "applicant": (applying.client, f"{applying.path}/"),
        "officer": (sign_in(registration_officer), f"{STAFF}/{applying.reference}/"),
    }
    client, address = pages[who]

    def visit() -> None:
        assert client.get(address).status_code == 200

    visit()
    one = cost(visit)
    many(session, applying, 60)
    assert cost(visit) == one


def test_five_hundred_locations_are_read_page_by_page(
    applying, session, registration_officer, sign_in
):
    with_rows(session, applying.stored(session), "users", 500)
    with_rows(session, applying.stored(session), "locations", 500)
    applying.client.get(f"{applying.path}/review")
    began = time.process_time()
    page = applying.client.get(f"{applying.path}/review")
    took = time.process_time() - began
    assert len(page.data) < 250_000
    # A tenth of that on an idle processor; all of them on one page took longer.
    assert took < 1
    assert "1 to 15 of 500" in page.text
    last = applying.client.get(f"{applying.path}/review?locations=34").text
    assert "496 to 500 of 500" in last and "Chan Clinic 500" in last
    assert "Chan Clinic 495<" not in last
    applying.submit()
    officer = sign_in(registration_officer)
    staff = officer.get(f"{STAFF}/{applying.reference}/?locations=34")
    assert len(staff.data) < 250_000 and "Chan Clinic 500" in staff.text


def test_every_location_can_be_reached_and_changed_from_the_review(applying, session):
    many(session, applying, 60)
    found = set()
    for number in (1, 2, 3, 4):
        page = applying.client.get(f"{applying.path}/review?locations={number}").text
        found |= set(re.findall(r"/locations/([0-9a-f]{32})\?from=review", page))
    assert len(found) == 60


def test_after_a_change_the_review_opens_where_it_was_left(applying, session):
    with_rows(session, applying.stored(session), "locations", 60)
    page = applying.client.get(f"{applying.path}/review?locations=4").text
    row = re.findall(r"/locations/([0-9a-f]{32})\?from=review", page)[-1]
    form = {**soundly("locations"), "revision": "1"}
    answer = applying.client.post(f"{applying.path}/locations/{row}?from=review", data=form)
    assert answer.status_code == 303
    assert "locations=4" in answer.location
    assert row in applying.client.get(answer.location).text
