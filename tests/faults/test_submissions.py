"""The whole portal: kill -9 of web, worker, relay and Redis while applications are handed in.

The straightforward way that does lose is measured on the same kills in test_tickets.py.
"""

import itertools
import os
import random
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlmodel import Session, col, func, select

from portal.accounts.actions import sessions
from portal.accounts.models import Person
from portal.application import actions
from portal.application.steps import STEPS
from portal.cases.actions import acknowledge, add_document, keep_answer, new_row
from portal.cases.documents import requirements_for
from portal.cases.models import Case, CaseEvent
from portal.cases.notices import notices_for
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import unit_of_work
from portal.infra.file_models import StoredFile
from portal.infra.files import keep
from portal.infra.mail import Mail
from portal.infra.settings import Settings, use_settings
from portal.infra.tickets_models import State, Ticket
from portal.kernel.hktime import hk_date
from portal.labels.models import Label, LabelBatch
from portal.registry.actions import enter_institution, enter_location, make_effective
from portal.registry.models import ServiceLocation
from portal.registry.scheme import scheme
from tests.applying import ONE_PAGE_PDF, soundly
from tests.faults.test_run import Portal, running
from tests.people import ALICE, OLIVE, as_who, enter

pytestmark = pytest.mark.alone

PARTS = ("jobs.worker", "gunicorn", "jobs.relay", "redis-server")


@dataclass
class Trial:
    """The running portal, this process's view of its database, and what was seen."""

    portal: Portal
    app: Flask
    kills: Counter[str] = field(default_factory=Counter)
    in_work: Counter[str] = field(default_factory=Counter)
    busy: threading.Event = field(default_factory=threading.Event)

    def waiting(self) -> int:
        """Tickets due that are not done."""
        with Session(db.engine().execution_options(reading=True)) as rows:
            open_ = col(Ticket.state).in_([State.WAITING, State.RUNNING])
            due = col(Ticket.due) <= datetime.now(UTC)
            return rows.exec(select(func.count()).select_from(Ticket).where(open_, due)).one()

    def kill(self, part: str) -> None:
        victims = sorted(self.portal.called(part))
        if not victims:
            return
        busy = self.busy.is_set() if part == "gunicorn" else self.waiting() > 0
        os.kill(victims[-1], signal.SIGKILL)
        self.kills[part] += 1
        self.in_work[part] += busy


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    home = tmp_path / "var"
    with running(home) as portal:
        use_settings(Settings(portal_home=home, port=portal.port, log_level="ERROR"))
        yield Trial(portal, create_app())
        use_settings(None)


def drafts(trial: Trial, count: int) -> tuple[list[str], str]:
    """Applications ready to be handed in, and the cookie and token of their applicant."""
    now = datetime.now(UTC)
    with unit_of_work(trial.app) as rows:
        person = enter(rows, ALICE)
        token = sessions.begin(rows, person, device="", now=now, second_factor_at=now)
    references = []
    for _ in range(count):
        with unit_of_work(trial.app) as rows:
            references.append(_draft(rows, person, now))
    return references, token


def _draft(rows: Session, person: Person, now: datetime) -> str:
    tables, who = scheme(hk_date(now)), as_who(person)
    case = actions.begin(rows, "CM", by=who, language="tc", scheme=tables, now=now)
    for notice in notices_for(tables.kind[case.kind].conditions, hk_date(now)):
        acknowledge(rows, case, notice.key, notice.version, now=now)
    for step in STEPS:
        typed = {**soundly(step.key), "registers_patients": True, "wants_reader": False}
        form = step.filled(typed, tables=tables, given=actions.given(case, tables))
        keep_answer(
            rows, case, step.key, form.answers(), row=new_row() if step.many else "",
            revision=0, sound=form.sound(), now=now,
        )  # fmt: skip
    for need in requirements_for(case.kind, hk_date(now)):
        file = keep(
            rows, ONE_PAGE_PDF, filename="paper.pdf", media_type="application/pdf",
            owner=f"case:{case.reference}", now=now,
        )  # fmt: skip
        add_document(rows, case, need.document.code, file, now=now)
    return case.reference


def places(trial: Trial, count: int) -> tuple[list[str], str]:
    """Effective locations without labels, and the token of an officer."""
    now = datetime.now(UTC)
    with unit_of_work(trial.app) as rows:
        officer = enter(rows, OLIVE)
        token = sessions.begin(rows, officer, device="", now=now, second_factor_at=now)
        institution = enter_institution(rows, kind="CM", name_en="Many", by="test", now=now)
        for number in range(count):
            enter_location(
                rows, institution, district="ssp", name_en=f"Place {number}", address_en="1 Road",
                name_tc="診所", address_tc="道1號", by="test", now=now,
            )  # fmt: skip
        make_effective(rows, institution.id, effective_at=now, by="test", now=now)
        numbers = rows.exec(select(ServiceLocation.number)).all()
    return list(numbers), token


class Browser:
    """Somebody signed in who presses the button again when no answer comes."""

    def __init__(self, trial: Trial, token: str) -> None:
        self.address = f"http://127.0.0.1:{trial.portal.port}"
        with trial.app.test_request_context():
            session["_user_id"], session["csrf_token"] = token, "0" * 40
            self.csrf = generate_csrf()
            signer = trial.app.session_interface.get_signing_serializer(trial.app)
            self.cookie = f"session={signer.dumps(dict(session))}"

    def post(self, path: str, form: list[tuple[str, str]], patience: float = 60) -> int:
        body = urllib.parse.urlencode([("csrf_token", self.csrf), *form]).encode()
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            try:
                return self._once(path, body)
            except OSError:
                time.sleep(0.05)
        raise TimeoutError(path)

    def _once(self, path: str, body: bytes) -> int:
        asked = urllib.request.Request(self.address + path, body, {"Cookie": self.cookie})
        try:
            with urllib.request.build_opener(_Stay()).open(asked, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise OSError(error.code) from error
            return error.code


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


def kill_until(trial: Trial, done: threading.Event, pause: tuple[float, float]) -> None:
    dice = random.Random(7)
    for part in itertools.cycle(PARTS):
        if done.wait(dice.uniform(*pause)):
            return
        trial.kill(part)


def perform(trial: Trial, count: int, settled: float, pause: tuple[float, float]) -> None:
    references, applicant = drafts(trial, count)
    numbers, officer = places(trial, count)
    done = threading.Event()
    killer = threading.Thread(target=kill_until, args=(trial, done, pause))
    killer.start()
    trial.busy.set()
    try:
        order = [*(("number", n) for n in numbers), ("sheet", "a4-10"), ("start", "1")]
        assert Browser(trial, officer).post("/en/staff/labels/", [*order, ("asked", "a")]) == 303
        browser = Browser(trial, applicant)
        for reference in references:
            path = f"/tc/apply/{reference}/submit"
            assert browser.post(path, [("declaration", "yes")]) == 303
    finally:
        trial.busy.clear()
        done.set()
        killer.join()
    settle(trial, settled)
    sys.stdout.write(f"kills {dict(trial.kills)}, in work {dict(trial.in_work)}\n")
    check(trial, set(references), set(numbers))
    assert all(trial.in_work[part] for part in PARTS), trial.in_work


def settle(trial: Trial, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while trial.waiting():
        assert time.monotonic() < give_up, f"{trial.waiting()} tickets left"
        time.sleep(0.5)


def check(trial: Trial, references: set[str], numbers: set[str]) -> None:
    """Nothing lost, nothing twice: cases, letters, papers, labels."""
    with Session(db.engine().execution_options(reading=True)) as rows:
        assert rows.exec(select(Ticket).where(Ticket.state == State.FAILED)).all() == []
        cases = rows.exec(select(Case)).all()
        assert {c.reference for c in cases if c.state == "submitted"} == references
        told = Counter(rows.exec(select(CaseEvent.case_id).where(CaseEvent.tag == "submitted")))
        assert set(told.values()) == {1}
        letters = rows.exec(select(Mail).where(Mail.template == "application_received")).all()
        assert len(letters) == len(references)
        files = {path.stem for path in (trial.portal.home / "mail").glob("*.eml")}
        assert {str(letter.id) for letter in letters} <= files
        assert all(letter.handed_over_at for letter in letters)
        papers = Counter(rows.exec(select(StoredFile.filename)).all())
        assert [papers[f"eHealth-{r}.pdf"] for r in references] == [1] * len(references)
        assert all(c.copy_file_id for c in cases)
        labels = rows.exec(select(Label)).all()
        assert len({label.serial for label in labels}) == len(labels) == len(numbers)
        assert rows.exec(select(LabelBatch)).one().file_id is not None


def test_kills_during_submissions_lose_and_double_nothing(trial: Trial) -> None:
    perform(trial, 60, settled=120, pause=(0.3, 0.9))


@pytest.mark.long
def test_kills_during_five_hundred_submissions(trial: Trial) -> None:
    perform(trial, 500, settled=600, pause=(0.5, 2.0))
