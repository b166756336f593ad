"""The whole portal: kill -9 of web, worker, relay and Redis while applications are handed in.

What must be there afterwards is looked for where people get it: letters in the mail server's
hands, serials on the printed sheets. `tests.faults.straightforward` is the same portal without
tickets, under kills of its web server alone: it loses.
"""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from portal.cases.models import Case, CaseEvent
from portal.infra.file_models import StoredFile
from portal.infra.files import open_clean
from portal.infra.mail import Mail
from portal.infra.tickets import Job
from portal.infra.tickets_models import State, Ticket
from portal.kernel.identifiers import grouped
from portal.labels.models import Label, LabelBatch
from portal.labels.serials import in_groups
from tests.faults.handing_in import Browser, drafts, places
from tests.faults.killing import PARTS, Trial, kill_until, trial_at
from tests.people import ALICE

pytestmark = pytest.mark.alone

ROOT, NAIVE = Path(__file__).parents[2], Path(__file__).parent / "naive"
THREADS = 4
"""Letters a worker may have in its hands when it is killed: those go out again, as they must."""


@pytest.fixture
def trial(tmp_path: Path, database_url: str) -> Iterator[Trial]:
    with trial_at(tmp_path / "var", database_url) as started:
        yield started


@pytest.fixture
def straightforward(tmp_path: Path, database_url: str) -> Iterator[Trial]:
    """The portal with the web server and one worker of the straightforward way."""
    # The last one is looked in first: `app` is the naive one.
    web = {"GUNICORN_CMD_ARGS": f"--pythonpath={ROOT},{NAIVE}"}
    with trial_at(tmp_path / "var", database_url, **web) as started:
        command = [sys.executable, "-m", "tests.faults.straightforward"]
        worker = subprocess.Popen(command, env=started.portal.surroundings)
        yield started
        worker.kill()
        worker.wait()


def hand_in(
    trial: Trial, count: int, parts: tuple[str, ...], pause: tuple[float, float]
) -> set[str]:
    """Order labels for as many places and submit applications under kills; their references."""
    references, applicant = drafts(trial.app, count)
    numbers, officer = places(trial.app, count)
    browser = Browser(trial.app, trial.portal.port, applicant, trial.note_cut)
    done = threading.Event()
    killer = threading.Thread(target=kill_until, args=(trial, browser.asking, done, parts, pause))
    killer.start()
    try:
        order_labels(Browser(trial.app, trial.portal.port, officer, trial.note_cut), numbers)
        for reference in references:
            path = f"/tc/apply/{reference}/submit"
            assert browser.post(path, [("declaration", "yes")]) == 303
            trial.answered += 1
    finally:
        done.set()
        killer.join()
    sys.stdout.write(f"{trial.told()}\n")
    return set(references)


def order_labels(officer: Browser, numbers: list[str]) -> None:
    order = [*(("number", n) for n in numbers), ("sheet", "a4-10"), ("start", "1"), ("asked", "a")]
    assert officer.post("/en/staff/labels/", order) == 303


def perform(trial: Trial, count: int, settled: float, pause: tuple[float, float]) -> None:
    references = hand_in(trial, count, PARTS, pause)
    settle(trial, settled)
    sys.stdout.write(f"{trial.told()}; {trial.postbox.repeats} letters handed over again\n")
    with trial.rows() as rows:
        assert rows.exec(select(Ticket).where(Ticket.state == State.FAILED)).all() == []
        assert unfinished(rows, references) == set()
        check_cases(rows, references)
        check_letters(trial, rows, references)
        check_sheets(rows, count)
    assert all(trial.kills[part] for part in PARTS), trial.kills
    assert all(trial.in_work[part] for part in PARTS), trial.in_work


def settle(trial: Trial, seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while trial.tickets(State.WAITING, State.RUNNING):
        assert time.monotonic() < give_up, "tickets left"
        time.sleep(0.5)


def unfinished(rows: Session, references: set[str]) -> set[str]:
    """Applications whose letter was not handed over or whose copy was not made."""
    cases = rows.exec(select(Case)).all()
    letters = rows.exec(select(Mail).where(Mail.template == "application_received")).all()
    sent = " ".join(letter.subject for letter in letters if letter.handed_over_at)
    made = {c.reference for c in cases if c.copy_file_id and grouped(c.reference) in sent}
    return references - made


def check_cases(rows: Session, references: set[str]) -> None:
    """Submitted once each, with one copy, and none that nobody submitted."""
    submitted = rows.exec(select(Case).where(Case.state == "submitted")).all()
    assert {case.reference for case in submitted} == references
    told = Counter(rows.exec(select(CaseEvent.case_id).where(CaseEvent.tag == "submitted")))
    assert set(told.values()) == {1}
    papers = Counter(rows.exec(select(StoredFile.filename)).all())
    assert [papers[f"eHealth-{r}.pdf"] for r in references] == [1] * len(references)


def check_letters(trial: Trial, rows: Session, references: set[str]) -> None:
    """The mail server has one letter about each, and none that is not on record.

    A worker killed between the server's yes and its own note hands the letter over again, under
    the same Message-ID: no more often than workers were killed with letters in their hands.
    """
    letters = trial.postbox
    assert {letter.message_id for letter in rows.exec(select(Mail))} == set(letters.times)
    for reference in references:
        assert letters.letters_about(grouped(reference)) == [(ALICE.email, 1)]
    assert letters.repeats <= trial.kills["jobs.worker"] * THREADS


def check_sheets(rows: Session, count: int) -> None:
    """Each label stands on the printed sheets once, and no other does."""
    serials = [label.serial for label in rows.exec(select(Label))]
    batch = rows.exec(select(LabelBatch)).one()
    assert batch.file_id is not None
    pdf = b"".join(open_clean(rows, batch.file_id))
    drawn = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, stdout=subprocess.PIPE)
    text = " ".join(drawn.stdout.decode().split())
    assert [text.count(in_groups(serial)) for serial in serials] == [1] * count
    assert text.count("Label no.") == count


def test_kills_during_submissions_lose_and_double_nothing(trial: Trial) -> None:
    perform(trial, 40, settled=120, pause=(0.3, 0.9))


def test_the_straightforward_way_loses_to_kills_of_the_web_server(straightforward: Trial) -> None:
    """Kills of one part are enough, and `unfinished` sees what they cost."""
    straightforward.at_commits = True
    references = hand_in(straightforward, 60, ("gunicorn",), (0.1, 0.3))
    lost = lost_after(straightforward, references, seconds=30)
    sys.stdout.write(f"{len(lost)} of {len(references)} without letter or copy\n")
    with straightforward.rows() as rows:
        assert rows.exec(select(Ticket).where(Ticket.job == Job.SEND_MAIL)).all() == []
    assert lost


def lost_after(trial: Trial, references: set[str], seconds: float) -> set[str]:
    """What is still unfinished when nothing more can be hoped for."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with trial.rows() as rows:
            lost = unfinished(rows, references)
        if not lost:
            break
        time.sleep(0.5)
    return lost


@pytest.mark.long
def test_kills_during_five_hundred_submissions(trial: Trial) -> None:
    perform(trial, 500, settled=600, pause=(0.5, 2.0))
