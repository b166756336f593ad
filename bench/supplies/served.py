"""An app served by gunicorn for as long as it is measured, and wrk, which measures it."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

THREADS = 4
CONNECTIONS = 8

SCRIPT = """
local paths, headers, turn = %(paths)s, %(headers)s, 0
request = function()
  turn = turn %% #paths + 1
  return wrk.format("GET", paths[turn], headers)
end
"""


@dataclass(frozen=True)
class Served:
    """An app that answers at `address`; `master` is the process whose child answers."""

    address: str
    master: int

    def cpu(self) -> float:
        """Seconds of processor time the worker has used so far: no matter how busy the machine."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        fields = [
            Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in children
        ]
        return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Rate:
    """What one run of wrk measured."""

    per_second: float
    cpu_milliseconds: float


@contextmanager
def gunicorn(app: str, home: Path, environment: Mapping[str, str]) -> Iterator[Served]:
    """One worker with a few threads, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", str(THREADS)]
    with (home / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--keep-alive", "30"], env=dict(environment), stdout=log, stderr=log
        )
        try:
            _wait(f"{address}/healthz", process, home / "gunicorn.log")
            yield Served(address, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(log.read_text(errors="replace")[-2000:])
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("gunicorn does not answer")


def settle(address: str) -> None:
    """Wait until the answers nobody waits for any more are finished: they would slow the next."""
    quick = 0
    while quick < 20:
        began = time.perf_counter()
        urllib.request.urlopen(f"{address}/healthz", timeout=60).close()
        quick = quick + 1 if time.perf_counter() - began < 0.05 else 0


def rate(
    served: Served,
    paths: Sequence[str],
    folder: Path,
    *,
    seconds: int,
    headers: Mapping[str, str] | None = None,
) -> Rate:
    """`paths` in turn over a few kept connections.

    Raises:
        RuntimeError: an answer was not 2xx, or a connection broke: such a figure means nothing.
    """
    settle(served.address)
    script = folder / "paths.lua"
    script.write_text(SCRIPT % {"paths": _lua(paths), "headers": _lua(headers or {})})
    load = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s"]
    command = ["wrk", *load, "-s", str(script), served.address]
    before = served.cpu()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = served.cpu() - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    found = re.search(r"(\d+) requests in.*Requests/sec:\s+([\d.]+)", said, re.DOTALL)
    assert found, said
    return Rate(float(found[2]), 1000 * spent / max(1, int(found[1])))


def size(served: Served, path: str, headers: Mapping[str, str]) -> int:
    """Bytes of one answer."""
    asked = urllib.request.Request(served.address + path, headers=dict(headers))
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return len(answer.read())


def _lua(value: Sequence[str] | Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"[{json.dumps(k)}]={json.dumps(v)}" for k, v in value.items()) + "}"
    return "{" + ",".join(json.dumps(each) for each in value) + "}"
