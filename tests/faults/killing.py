"""Kill -9 of a running portal's parts, each at its work, and what of it was met."""

import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlmodel import Session, col, func, select

from portal.cases.models import Case
from portal.factory import create_app
from portal.infra import clock, db
from portal.infra.settings import Settings, use_settings
from portal.infra.tickets_models import State, Ticket
from tests.faults.postbox import Postbox, postbox
from tests.faults.test_run import Portal, running

PARTS = ("jobs.worker", "gunicorn", "jobs.relay", "redis-server")
# Seconds to wait for a part to be at work; it may have nothing left to do.
PATIENCE = 5.0
# Answers between two kills of the web server: on a slow machine nobody would get any otherwise.
ANSWERS = 2


@dataclass
class Trial:
    """The running portal, this process's view of its database, its mail, and what was met."""

    portal: Portal
    app: Flask
    postbox: Postbox
    kills: Counter[str] = field(default_factory=Counter)
    # Kills that met work: of the web server, requests cut off; of the others, tickets open.
    in_work: Counter[str] = field(default_factory=Counter)
    # Requests whose answer was cut off though what they asked for was kept.
    after_commit: int = 0
    answered: int = 0
    # Kill the web server only when a commit was just seen, not now and then in mid-request.
    at_commits: bool = False
    _answered_at_kill: int = 0

    def rows(self) -> Session:
        return Session(db.engine().execution_options(reading=True))

    def tickets(self, *states: State) -> int:
        """Tickets due that are in one of these states."""
        with self.rows() as rows:
            which = col(Ticket.state).in_(states), col(Ticket.due) <= clock.now()
            return rows.exec(select(func.count()).select_from(Ticket).where(*which)).one()

    def submitted(self) -> int:
        with self.rows() as rows:
            handed_in = col(Case.submitted_at).is_not(None)
            return rows.exec(select(func.count()).select_from(Case).where(handed_in)).one()

    def note_cut(self, path: str) -> None:
        """An answer was cut off; was the application in its path kept?"""
        self.in_work["gunicorn"] += 1
        with self.rows() as rows:
            asked = select(Case).where(col(Case.reference).in_(path.split("/")))
            case = rows.exec(asked).one_or_none()
            self.after_commit += case is not None and case.submitted_at is not None

    def told(self) -> str:
        met = f"kills {dict(self.kills)}, of these at work {dict(self.in_work)}"
        return f"{met}, {self.after_commit} between commit and answer"

    def kill(self, part: str, asking: threading.Event) -> None:
        """Kill one process of `part` seen at work; of the web server, all but the master."""
        victims = sorted(self.portal.called(part))
        if part == "gunicorn":
            victims = victims[1:] if self._met_at_request(asking) else []
        elif part == "jobs.worker":
            self.in_work[part] += soon(lambda: self.tickets(State.RUNNING) > 0)
            victims = victims[-1:]
        else:
            self.in_work[part] += soon(lambda: self.tickets(State.WAITING, State.RUNNING) > 0)
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        self.kills[part] += bool(victims)

    def _met_at_request(self, asking: threading.Event) -> bool:
        """Wait for the web server to be at a request; False if it gets nowhere by itself.

        Every other time, or always, it is the very moment a commit is seen.
        """
        if not soon(lambda: self.answered >= self._answered_at_kill + ANSWERS):
            return False
        self._answered_at_kill = self.answered
        if self.at_commits or self.kills["gunicorn"] % 2:
            before = self.submitted()
            return soon(lambda: self.submitted() > before)
        met = asking.wait(PATIENCE)
        time.sleep(random.uniform(0, 0.05))
        return met


def soon(true: Callable[[], bool]) -> bool:
    """Whether it is true before PATIENCE ends, looking almost all the time."""
    give_up = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.001)
    return True


def kill_until(
    trial: Trial,
    asking: threading.Event,
    done: threading.Event,
    parts: tuple[str, ...],
    pause: tuple[float, float],
) -> None:
    """Kill one part after the other until `done`."""
    dice = random.Random(7)
    for part in itertools.cycle(parts):
        if done.wait(dice.uniform(*pause)):
            return
        trial.kill(part, asking)


@contextmanager
def trial_at(home: Path, database_url: str, **more: str) -> Iterator[Trial]:
    """A portal with its own mail server, on the database given or its own SQLite."""
    given = {"DATABASE_URL": database_url} if database_url else {}
    with postbox() as letters, running(home, SMTP_URL=letters.address, **given, **more) as portal:
        use_settings(
            Settings(
                portal_home=home, port=portal.port, database_url=database_url, log_level="ERROR"
            )
        )
        yield Trial(portal, create_app(), letters)
        db.engine().dispose()
        db.engine_for.cache_clear()
        use_settings(None)
