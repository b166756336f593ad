"""A real clamd of one's own: private socket, a signature or two, killed and started at will."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.infra.scanning.clamd import NotScanned, scan
from tests.services import wait_until
from tests.uploads.cases import EICAR

LARGEST = 30
"""Megabytes the scanner takes: more than we ever send it."""


class Scanner:
    """clamd with only our own signatures, in its own folder."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "clamd.sock")
        self._config = folder / "clamd.conf"
        signatures = folder / "signatures"
        signatures.mkdir()
        (signatures / "own.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
        self._config.write_text(
            f"Foreground yes\nLocalSocket {self.address}\nDatabaseDirectory {signatures}\n"
            f"StreamMaxLength {LARGEST}M\nAlertEncrypted yes\nSelfCheck 0\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("clamd", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "the Debian package clamav-daemon is needed (deploy/debian-packages.txt)"
        self._process = subprocess.Popen(
            [program, "--config-file", str(self._config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self.answers, 60)

    def answers(self) -> bool:
        try:
            return scan(b"harmless", self.address, seconds=1) is None
        except NotScanned:
            return False

    def freeze(self) -> None:
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        # A killed clamd leaves its socket behind; the next one takes it over.

    def _send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def scanner() -> Iterator[Scanner]:
    # A socket's path may have 107 bytes only, pytest's own folders are longer.
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))
    made = Scanner(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder, ignore_errors=True)
