"""Files tampered with, children and workers that die, and what stays on record."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlmodel import Session, select

import jobs.files
from jobs import running
from portal.infra import clock, file_checks
from portal.infra.audit import AuditEntry
from portal.infra.db import engine, unit_of_work
from portal.infra.files import (
    FileState,
)
from portal.infra.scanning import gate
from portal.infra.scanning.verdicts import Reason, Verdict
from portal.infra.sealing import Tampered
from portal.infra.settings import Settings, use_settings
from portal.infra.tickets import State, Ticket
from tests.jobs.filing import NOW, check, heard, received, row, served, tickets
from tests.uploads import pdfs


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tickets are written; these tests run them by hand."""
    monkeypatch.setattr("portal.infra.queue.send_soon", lambda ids: None)


# Tampered with


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:5000] + b"x" + b[5001:]])
def test_a_stored_file_that_was_changed_is_not_served_to_its_end(
    app: Flask, portal_settings: Settings, damage: object
) -> None:
    file_id = received(app, pdfs.pdf() + bytes(200_000))
    check(app)
    path = portal_settings.home / "files" / row(file_id).blob
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Tampered):
        served(app, file_id)


def test_two_stored_files_cannot_change_places(app: Flask, portal_settings: Settings) -> None:
    one, two = received(app, pdfs.pdf()), received(app, pdfs.pdf(pages=2))
    check(app)
    folder = portal_settings.home / "files"
    first, second = folder / row(one).blob, folder / row(two).blob
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    with pytest.raises(Tampered):
        served(app, one)


def test_what_was_changed_before_its_examination_is_refused(
    app: Flask, portal_settings: Settings
) -> None:
    file_id = received(app, pdfs.pdf())
    path = portal_settings.home / "files" / row(file_id).blob
    path.write_bytes(path.read_bytes()[:-4])
    check(app)
    assert row(file_id).reason == Reason.UNREADABLE


def test_files_of_before_a_change_of_key_are_still_served(
    app: Flask, portal_settings: Settings
) -> None:
    file_id = received(app, pdfs.pdf())
    check(app)
    before = (portal_settings.home / "secrets" / "files_key").read_text()
    changed = portal_settings.model_copy(
        update={"files_key": "cd" * 32, "files_keys_before": before}
    )
    use_settings(changed)
    assert served(app, file_id) == pdfs_again(app, file_id)
    newer = received(app, pdfs.pdf())
    check(app)
    assert row(newer).key_id != row(file_id).key_id


def pdfs_again(app: Flask, file_id: UUID) -> bytes:
    content = served(app, file_id)
    assert content.startswith(b"%PDF")
    return content


# The child, the worker


def test_a_child_killed_in_the_middle_means_refusal_and_the_worker_lives(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = received(app, pdfs.pdf())
    suicide = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    monkeypatch.setattr(gate, "START", suicide)
    check(app)
    assert (row(file_id).state, row(file_id).reason) == (FileState.REFUSED, Reason.UNREADABLE)
    assert [t.state for t in tickets() if t.job == "check_file"] == [State.DONE]


DYING_WORKER = """
import os, signal
import jobs.files
from jobs import running
from portal.factory import create_app
from portal.infra import file_checks
file_checks.examine = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
running.run_waiting(create_app())
"""


def test_a_worker_that_dies_while_examining_leaves_the_file_to_the_next(
    app: Flask, portal_settings: Settings
) -> None:
    """A real process, killed with -9 while the child reads: all is undone but the claim."""
    file_id = received(app, pdfs.pdf())
    worker = subprocess.run(
        [sys.executable, "-c", DYING_WORKER],
        env={
            **os.environ,
            "PORTAL_HOME": str(portal_settings.home),
            "DATABASE_URL": portal_settings.database_url,
        },
    )
    assert worker.returncode == -signal.SIGKILL
    assert row(file_id).state == FileState.CHECKING
    with Session(engine()) as db:
        ticket = db.exec(select(Ticket)).one()
        ticket.lease_until = 1.0
        db.add(ticket)
        db.commit()
        from portal.infra import claims

        assert claims.take_over(db, NOW) == 1
        db.commit()
    check(app)
    assert row(file_id).state == FileState.CLEAN


def test_examining_holds_no_transaction(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    received(app, pdfs.pdf())
    others = []

    def while_another_writes(content: bytes, filename: str) -> Verdict:
        others.append(received(app, pdfs.pdf(pages=2)))
        return Verdict(reason=Reason.BROKEN)

    monkeypatch.setattr(file_checks, "examine", while_another_writes)
    with Session(engine()) as db:
        ticket_id = db.exec(select(Ticket.id)).one()
    assert running.run_ticket(app, ticket_id)
    assert len(others) == 1, "on SQLite this would have waited for the lock in vain"


def test_an_examination_repeated_changes_nothing(app: Flask) -> None:
    file_id = received(app, pdfs.pdf())
    check(app)
    before = row(file_id).model_dump()
    with unit_of_work(app) as db:
        jobs.files.check_file(db, file_id=str(file_id))
    assert row(file_id).model_dump() == before


def test_what_happened_is_on_record_without_the_files_name(app: Flask) -> None:
    received(app, pdfs.pdf(), "Chan Tai Man A123456(7).pdf")
    received(app, pdfs.pdf(pdfs.attached), "other.pdf")
    check(app)
    assert len(heard("file.received")) == 2
    assert len(heard("file.cleared")) == 1
    [refused] = heard("file.refused")
    assert refused.details == {"reason": "embedded"}
    with Session(engine()) as db:
        assert "Chan" not in str([entry.model_dump() for entry in db.exec(select(AuditEntry))])


@pytest.fixture(autouse=True)
def portal_clock_is_real(app: Flask) -> Iterator[None]:
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    yield


def test_the_daily_collection_is_on_the_calendar() -> None:
    from jobs.clock import CALENDAR
    from portal.infra.tickets import Job

    assert Job.COLLECT_LOST_FILES in {periodic.job for periodic in CALENDAR}
    assert Path(jobs.files.__file__).exists()
