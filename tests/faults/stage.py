"""A database, a Redis and the trial's processes, with one who kills them and counts."""

import collections
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

from portal.infra import db
from portal.infra.settings import Settings, use_settings
from portal.infra.tickets import State, Ticket
from tests.faults.trial import Effect, Submission
from tests.services import RedisServer, wait_until


@dataclass
class Stage:
    """The trial's processes by name. What is killed is started again, as supervisor would."""

    folder: Path
    redis: RedisServer
    database_url: str
    lease: str = "3"
    prefix: str = ""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: collections.Counter[str] = field(default_factory=collections.Counter)
    # Kills that met work half done: nothing is shown by killing the idle.
    in_window: collections.Counter[str] = field(default_factory=collections.Counter)
    _commands: dict[str, list[str]] = field(default_factory=dict)

    def prepare(self) -> None:
        chosen = Settings(
            portal_home=self.folder, database_url=self.database_url, redis_url=self.redis.url
        )
        use_settings(chosen)
        SQLModel.metadata.create_all(db.engine())

    def start(self, name: str, role: str, *more: str) -> None:
        self._commands[name] = [self.prefix + role, *more]
        environment = {
            "PORTAL_HOME": str(self.folder),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "TRIAL_LEASE": self.lease,
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.trial", *self._commands[name]],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )

    def hand_in(self, count: int, pace: float) -> None:
        self.start("web", "web", str(len(self.acknowledged())), str(count), str(pace), self.answers)

    @property
    def answers(self) -> str:
        return str(self.folder / "acknowledged")

    def acknowledged(self) -> list[int]:
        """Numbers whose submission was answered; a last line cut short is no answer."""
        if not Path(self.answers).exists():
            return []
        whole = Path(self.answers).read_text().rpartition("\n")[0]
        return [int(line) for line in whole.split()]

    def kill(self, name: str) -> None:
        """kill -9, and start it again as it was started."""
        part = name.rstrip("0123456789")
        self.kills[part] += 1
        if name != "web":
            self.in_window[part] += self._half_done(part)
        if name == "redis":
            self.redis.kill()
            time.sleep(0.4)
            self.redis.start()
            return
        process = self.processes[name]
        process.kill()
        process.wait()
        role, *more = self._commands[name]
        if name == "web":
            # Committed and not yet answered: a message sent after the commit was cut off here.
            self.in_window[part] += self.submitted() > len(set(self.acknowledged()))
            more[0] = str(len(set(self.acknowledged())))
        self.start(name, role.removeprefix(self.prefix), *more)

    def _half_done(self, part: str) -> bool:
        wanted = [State.RUNNING] if part == "worker" else [State.RUNNING, State.WAITING]
        return self.tickets(*wanted) > 0

    def kill_in_turn(self, names: list[str], rounds: int, between: tuple[float, float]) -> None:
        """Kill each part `rounds` times, seen at work; then let all finish.

        The web process is killed the moment a commit of its is seen, the others a while later.
        """
        for _ in range(rounds):
            for name in names:
                if name != "web":
                    time.sleep(random.uniform(*between))
                self._await_work(name)
                if self.processes["web"].poll() is None:
                    self.kill(name)
        wait_until(lambda: self.processes["web"].poll() is not None, 120)

    def _await_work(self, name: str) -> None:
        """Until the part is busy; not for ever, it may have nothing left to do."""
        give_up = time.monotonic() + 20
        before = self.submitted()
        while time.monotonic() < give_up and self.processes["web"].poll() is None:
            if name == "web" and self.submitted() > before:
                return
            if name != "web" and (self.prefix or self.tickets(State.RUNNING)):
                return

    def tickets(self, *states: State) -> int:
        with Session(db.engine().execution_options(reading=True)) as session:
            found = select(func.count()).select_from(Ticket)
            if states:
                found = found.where(Ticket.state.in_(states))  # type: ignore[attr-defined]
            return session.exec(found).one()

    def submitted(self) -> int:
        with Session(db.engine().execution_options(reading=True)) as session:
            return session.exec(select(func.count()).select_from(Submission)).one()

    def effects(self) -> collections.Counter[int]:
        with Session(db.engine().execution_options(reading=True)) as session:
            return collections.Counter(session.exec(select(Effect.number)))

    def settle(self, seconds: float) -> float:
        """Wait until no ticket waits or runs; how long that took."""
        began = time.monotonic()
        wait_until(lambda: self.tickets(State.WAITING, State.RUNNING) == 0, seconds)
        return time.monotonic() - began

    def terminate(self, name: str) -> float:
        """SIGTERM, as a deploy does; seconds until it was gone."""
        began = time.monotonic()
        self.processes[name].send_signal(signal.SIGTERM)
        self.processes[name].wait(30)
        return time.monotonic() - began

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        db.engine().dispose()
        db.engine_for.cache_clear()
        use_settings(None)
