"""A portal behind its real nginx, for tests and benches: own ports, own folder, gone afterwards."""

import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.securing import prepare
from portal.certificates.edge_commands import SECRET, write
from portal.infra.settings import settings
from tests.services import free_port, wait_until

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Edge:
    """nginx on `port` before a web server on `plain_port`; its files are in `folder`."""

    folder: Path
    port: int
    plain_port: int

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def ask(
        self, path: str, certificate: tuple[Path, Path] | None = None, **sent: str
    ) -> tuple[int, str]:
        """Status and text, by Python's ssl; `certificate`: the files of certificate and key."""
        line = http.client.HTTPSConnection(
            "localhost", self.port, context=self.context(certificate), timeout=20
        )
        try:
            line.request("GET", path, headers=sent)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        finally:
            line.close()

    def context(self, certificate: tuple[Path, Path] | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "server.pem"))
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def tell(self, certificate: tuple[Path, Path] | None = None, **sent: str) -> dict[str, Any]:
        """What the API says; the status is among it."""
        status, text = self.ask("/api/connection", certificate, **sent)
        return {"status": status, **json.loads(text)}


@contextmanager
def edge(chain: str, folder: Path, app: str = "app:app") -> Iterator[Edge]:
    """The portal of these settings, by gunicorn, and nginx before it, which knows `chain`."""
    running = Edge(folder, free_port(), free_port())
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "chain.pem", chain, 0o644)
    write(folder / "edge-secret.conf", SECRET.format(settings().secret("edge_secret")), 0o600)
    prepare(
        folder, listen=f"127.0.0.1:{running.port}", upstream=f"127.0.0.1:{running.plain_port}",
        log=folder / "access.log",
    )  # fmt: skip
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    served = [sys.executable, "-m", "gunicorn", app, "--bind"]
    served += [f"127.0.0.1:{running.plain_port}", "--worker-class", "gthread", "--threads", "4"]
    commands = [
        [*served, "--keep-alive", "30"],
        [nginx, "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"],
    ]
    with (folder / "said.txt").open("wb") as said:
        started = [
            subprocess.Popen(each, cwd=ROOT, env=surroundings(), stdout=said, stderr=said)
            for each in commands
        ]
        try:
            wait_until(lambda: answers(running), 60)
            yield running
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(20)


def surroundings() -> dict[str, str]:
    """The environment that gives another process this one's settings."""
    ours = settings()
    given = {"PORTAL_HOME": str(ours.home), "DATABASE_URL": ours.database_url}
    return {**os.environ, **given, "LOG_LEVEL": "WARNING"}


def answers(running: Edge) -> bool:
    try:
        return running.ask("/healthz")[0] == 200
    except OSError:
        return False
