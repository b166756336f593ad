"""P7: kill -9 between reserving, signing and storing leaves no certificate that we do not know.

The straightforward way (sign, then store) leaves some on the same kills.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, SQLModel, col, select

from portal.certificates import actions, authorities, keys
from portal.certificates.models import Certificate
from portal.certificates.rules import Way
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import Settings, settings, use_settings
from portal.infra.tickets import Job, State, Ticket
from portal.registry.actions import enter_institution, enter_location
from tests.services import postgres_server

pytestmark = pytest.mark.alone

NOW = datetime.now(UTC)
WORKERS = 2


@dataclass
class Trial:
    """Requests on record, workers that issue, and what their signers noted."""

    home: Path
    kills: int = 0
    # Kills of a process whose last signature had not been stored yet.
    in_window: int = 0
    killed: set[int] = field(default_factory=set)

    @property
    def notes(self) -> list[list[str]]:
        """Process, serial, hash of the bytes signed, hash of the signature."""
        file = self.home / "signatures"
        return [line.split() for line in file.read_text().splitlines()] if file.exists() else []

    def left(self) -> int:
        with Session(db.engine().execution_options(reading=True)) as rows:
            wanted = select(Certificate.id).where(col(Certificate.certificate).is_(None))
            return len(rows.exec(wanted).all())

    def stored(self, tbs_sha256: str) -> bool:
        with Session(db.engine().execution_options(reading=True)) as rows:
            wanted = select(Certificate.certificate).where(Certificate.tbs_sha256 == tbs_sha256)
            return any(rows.exec(wanted).all())

    def kill_in_window(self, pause: float) -> None:
        """Wait a while, then for the next signature, and kill who made it a moment later."""
        time.sleep(pause)
        size, file = self._size(), self.home / "signatures"
        give_up = time.monotonic() + 20
        while self._size() == size:
            if time.monotonic() > give_up or not self.left():
                return
            time.sleep(0.0002)
        time.sleep(random.uniform(0, 0.006))
        last = file.read_text().splitlines()[-1].split()
        os.kill(int(last[0]), signal.SIGKILL)
        self.kills += 1
        self.killed.add(int(last[0]))
        self.in_window += not self.stored(last[2])

    def _size(self) -> int:
        file = self.home / "signatures"
        return file.stat().st_size if file.exists() else 0


@contextmanager
def workers(home: Path, how: str) -> Iterator[None]:
    environment = os.environ | {"PORTAL_HOME": str(home), "DATABASE_URL": settings().database_url}
    with (home / "workers.log").open("ab") as log:
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.faults.issuing", how], env=environment, stdout=log,
                stderr=log, start_new_session=True,
            )
            for _ in range(WORKERS)
        ]  # fmt: skip
        try:
            yield
        finally:
            for process in started:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture
def trial(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """With an authority and a place, on the database that the test names, else SQLite."""
    if getattr(request, "param", "sqlite") == "postgresql":
        with postgres_server() as server:
            yield from _prepared(tmp_path, server.url)
    else:
        yield from _prepared(tmp_path, "")


def _prepared(home: Path, url: str) -> Iterator[Trial]:
    use_settings(Settings(portal_home=home, database_url=url, log_level="ERROR"))
    keys.forget_keys()
    SQLModel.metadata.create_all(db.engine())
    yield Trial(home)
    db.engine().dispose()
    db.engine_for.cache_clear()
    keys.forget_keys()
    use_settings(None)


def ask(count: int) -> None:
    app = create_app()
    actions.MOST_OPEN = count
    with unit_of_work(app) as rows:
        root = authorities.make_root(settings().home / "root", NOW)
        authorities.make_authority(rows, root, by="test", now=NOW)
        owner = enter_institution(rows, kind="CLG", name_en="Many", by="test", now=NOW)
        place = enter_location(
            rows, owner, district="ssp", name_en="Many", address_en="1 Road", by="test", now=NOW
        )
    with app.app_context(), apart() as rows:
        for number in range(count):
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            actions.ask(
                rows, place, way=Way.CSR, spki=spki, asked=f"{number}", by="test", now=NOW,
                real=NOW,
            )  # fmt: skip
        rows.info.pop("tickets_to_send", None)


def perform(trial: Trial, how: str, kills: int, patience: float) -> None:
    """Kill until it was done often enough; then everything asked for is to be issued."""
    ask(kills * 4)
    with workers(trial.home, how):
        give_up = time.monotonic() + patience
        while trial.kills < kills and trial.left() and time.monotonic() < give_up:
            trial.kill_in_window(random.uniform(0, 0.05))
        while trial.left() and time.monotonic() < give_up:
            time.sleep(0.2)
    left = trial.left()
    sys.stdout.write(
        f"{how}: {trial.kills} kills, {trial.in_window} between sign and store, "
        f"{len(trial.notes)} signatures, {len(unknown(trial))} unknown, {left} left\n"
    )
    assert left == 0, (trial.home / "workers.log").read_text()[-2000:]
    assert trial.kills >= kills * 0.9
    # Nothing is shown by kills at other moments.
    assert trial.in_window >= trial.kills * 0.3


def unknown(trial: Trial) -> set[str]:
    """Hashes of signed bytes that the database has never heard of."""
    with Session(db.engine().execution_options(reading=True)) as rows:
        known = set(rows.exec(select(Certificate.tbs_sha256)).all())
    return {tbs for _, _, tbs, _ in trial.notes} - known


def none_unknown_none_twice(trial: Trial) -> None:
    assert unknown(trial) == set()
    signatures: dict[str, set[str]] = {}
    for _, serial, _, signature in trial.notes:
        signatures.setdefault(serial, set()).add(signature)
    assert {len(each) for each in signatures.values()} == {1}, "two certificates of one serial"
    assert len(trial.notes) > len(signatures), "nothing was ever signed again after a kill"
    with Session(db.engine().execution_options(reading=True)) as rows:
        wanted = select(Ticket).where(Ticket.job == Job.ISSUE_CERTIFICATE)
        assert {ticket.state for ticket in rows.exec(wanted)} == {State.DONE}


def test_kills_between_sign_and_store_leave_nothing_unknown(trial: Trial) -> None:
    perform(trial, "ours", kills=12, patience=120)
    none_unknown_none_twice(trial)


def test_the_straightforward_way_leaves_some(trial: Trial) -> None:
    perform(trial, "naive", kills=8, patience=120)
    assert unknown(trial)


@pytest.mark.long
@pytest.mark.parametrize("trial", ["sqlite", "postgresql"], indirect=True)
def test_a_hundred_kills_leave_nothing_unknown(trial: Trial) -> None:
    perform(trial, "ours", kills=100, patience=900)
    none_unknown_none_twice(trial)


@pytest.mark.long
def test_a_hundred_kills_of_the_straightforward_way(trial: Trial) -> None:
    perform(trial, "naive", kills=100, patience=900)
    assert unknown(trial)
