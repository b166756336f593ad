"""A portal of its own, started as a person starts it, with nothing in it."""

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import free_port, wait_until

ROOT = Path(__file__).parents[3]
# Seconds: a first start builds what is not built yet; a stop lets jobs finish.
START, STOP = 180.0, 20.0
# Settings of whoever runs the tests must not turn the portal into another one.
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "FILES_URL", "SMTP_URL", "BASE_URL", "PORTAL_PRODUCTION")


class Portal:
    """Web server, workers, relay and Redis below one `bin/run`."""

    def __init__(self, home: Path) -> None:
        port = free_port()
        self.url = f"http://localhost:{port}"
        self.secure_port = free_port()
        self.home = home
        kept = {key: value for key, value in os.environ.items() if key not in NOT_OURS}
        here = {"PORTAL_HOME": str(home), "PORT": str(port), "PORTAL_CORES": "1"}
        here["SECURE_PORT"] = str(self.secure_port)
        self._surroundings = {**kept, **here}
        home.mkdir(parents=True)
        with (home / "said.txt").open("wb") as said:
            self._process = subprocess.Popen(
                ["bin/run", "--empty"], cwd=ROOT, env=self._surroundings, stdout=said,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def is_ready(self) -> bool:
        assert self._process.poll() is None, "bin/run has ended: said.txt in its home says why"
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["status"] == "ready")
        except OSError:
            return False

    def command(self, *arguments: str) -> str:
        """bin/portal with these arguments, on this portal's data; what it said."""
        done = subprocess.run(
            ["bin/portal", *arguments], cwd=ROOT, env=self._surroundings, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"bin/portal {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def stop(self) -> None:
        """Ctrl-C; whatever does not obey is killed."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(STOP)
        finally:
            for pid in self._left():
                os.kill(pid, signal.SIGKILL)

    def _left(self) -> Iterator[int]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(folder.name)) == self._process.pid:
                    yield int(folder.name)
            except ProcessLookupError:
                continue


@contextmanager
def running(home: Path) -> Iterator[Portal]:
    portal = Portal(home)
    try:
        wait_until(portal.is_ready, START)
        yield portal
    finally:
        portal.stop()
