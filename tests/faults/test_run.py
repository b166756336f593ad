"""bin/run itself: it starts, mends what dies, refuses in a sentence, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services import free_port, wait_until

ROOT = Path(__file__).parents[2]
START = 120.0
# What a person who pressed Ctrl-C is ready to wait for.
STOP = 10.0

pytestmark = pytest.mark.alone


class Portal:
    """A portal of its own, started as a person starts it; `more`: settings besides its home."""

    def __init__(self, home: Path, **more: str) -> None:
        self.home = home
        self.port = free_port()
        here = {"PORTAL_HOME": str(home), "PORT": str(self.port), "SECURE_PORT": str(free_port())}
        self.surroundings = {**os.environ, **here, **more}
        self.said = home.parent / "said.txt"
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(
                ["bin/run", "--empty"], cwd=ROOT, env=self.surroundings, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as page:
                return bool(json.load(page)["status"] == "ready")
        except OSError:
            return False

    def interrupt(self) -> int:
        """Ctrl-C: the whole foreground group is told."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP)

    def members(self) -> dict[int, str]:
        """The processes of this portal's session, and their commands."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            pid = int(folder.name)
            try:
                if os.getsid(pid) == self.process.pid:
                    found[pid] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (ProcessLookupError, FileNotFoundError):
                continue
        return {pid: command for pid, command in found.items() if command}

    def called(self, part: str) -> set[int]:
        """The processes whose command holds `part`."""
        return {pid for pid, command in self.members().items() if part in command}


@contextmanager
def running(home: Path, **more: str) -> Iterator[Portal]:
    started = Portal(home, **more)
    try:
        wait_until(started.ready, START)
        yield started
    finally:
        for pid in started.members():
            os.kill(pid, signal.SIGKILL)
        started.process.wait(STOP)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """One to be stopped."""
    with running(tmp_path / "var") as started:
        yield started


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One that is there again after each test."""
    with running(tmp_path_factory.mktemp("lasting") / "var") as started:
        yield started


def test_it_says_where_it_is_and_stops_without_a_trace(portal):
    wait_until(lambda: "ready" in portal.said.read_text(), STOP)
    assert f"http://localhost:{portal.port}" in portal.said.read_text()
    assert f"{portal.home}/mail" in portal.said.read_text()
    assert portal.interrupt() == 0
    assert portal.members() == {}


@pytest.mark.parametrize("part", ["redis-server", "gunicorn", "jobs.worker", "jobs.relay", "nginx"])
def test_what_dies_is_started_again(lasting, part):
    before = lasting.called(part)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    # Its own children, if it had any, go with it; as many as before come after them.
    wait_until(lambda: killed not in lasting.members())
    wait_until(lambda: len(lasting.called(part)) == len(before), START)
    wait_until(lasting.ready, START)


def test_nothing_outlives_the_keeper(portal):
    os.kill(min(portal.called("supervisord")), signal.SIGKILL)
    wait_until(lambda: portal.members() == {}, STOP)


def test_a_second_one_on_the_same_home_is_refused_in_a_sentence(lasting):
    surroundings = {**lasting.surroundings, "PORT": str(free_port())}
    surroundings["SECURE_PORT"] = str(free_port())
    second = subprocess.run(
        ["bin/run", "--empty"], cwd=ROOT, env=surroundings, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert second.stderr == f"A portal with its data in {lasting.home} is already running.\n"
    assert lasting.ready()


def test_a_taken_port_is_refused_in_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        surroundings = {**os.environ, "PORTAL_HOME": str(tmp_path / "var"), "PORT": port}
        surroundings["SECURE_PORT"] = str(free_port())
        refused = subprocess.run(
            ["bin/run", "--empty"], cwd=ROOT, env=surroundings, capture_output=True, text=True
        )
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {port} is taken by another program;")
    assert refused.stderr.count("\n") == 1
