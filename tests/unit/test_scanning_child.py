"""The child that reads a file: dead, lying, hanging or hostile, it harms nobody."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.infra.scanning import gate
from portal.infra.scanning.gate import examine
from portal.infra.scanning.verdicts import Reason
from tests.uploads import pdfs, pictures


def child_that(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    monkeypatch.setattr(gate, "START", f"import os, sys, json, time, signal; {does}")


@pytest.mark.parametrize(
    "does",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "os._exit(3)",
        "raise SystemExit('no')",
        "pass",
        "print('{}')",
        "print('[]')",
        "print('not json')",
        'print(json.dumps({"reason": "made up"}))',
        'print(json.dumps({"reason": None, "media_type": "text/html", "rewritten": False}))',
        'print(json.dumps({"reason": None, "media_type": "application/pdf", "rewritten": False}))',
    ],
)
def test_a_child_that_dies_or_lies_means_refusal(
    monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    child_that(monkeypatch, does)
    assert examine(pdfs.pdf(), "a.pdf").reason is Reason.UNREADABLE


def test_kept_bytes_of_another_kind_than_said_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = pictures.as_("WEBP", pictures.drawing((64, 64)))
    says = 'print(json.dumps({"reason": None, "media_type": "image/png", "rewritten": True}))'
    child_that(
        monkeypatch,
        f"os.write(int(sys.argv[3]), b'<html>'); os.write(int(sys.argv[4]), {small!r}); {says}",
    )
    assert examine(pdfs.pdf(), "a.pdf").reason is Reason.UNREADABLE


def test_acceptance_by_a_child_that_then_died_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = pictures.as_("WEBP", pictures.drawing((64, 64)))
    says = '{"reason": null, "media_type": "application/pdf", "rewritten": false}'
    accepts = f"os.write(int(sys.argv[4]), {small!r}); os.write(1, {says.encode()!r})"
    child_that(monkeypatch, accepts)
    assert examine(pdfs.pdf(), "a.pdf").accepted
    child_that(monkeypatch, f"{accepts}; os.kill(os.getpid(), signal.SIGKILL)")
    assert examine(pdfs.pdf(), "a.pdf").reason is Reason.UNREADABLE


def test_a_child_that_hangs_is_stopped_with_all_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    note = tmp_path / "grandchild"
    child_that(
        monkeypatch,
        f"p = os.fork() or time.sleep(60); open({str(note)!r}, 'w').write(str(os.getpid()));"
        " time.sleep(60)",
    )
    began = time.monotonic()
    assert examine(pdfs.pdf(), "a.pdf", seconds=1.5).reason is Reason.UNREADABLE
    assert time.monotonic() - began < 6
    pid = int(note.read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
            return
        time.sleep(0.1)
    pytest.fail("the grandchild lives")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_nothing_of_ours_reaches_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    seen = []
    real = subprocess.Popen

    def watched(*arguments: object, **options: object) -> object:
        seen.append(options)
        return real(*arguments, **options)

    monkeypatch.setattr(gate.subprocess, "Popen", watched)
    assert examine(pdfs.pdf(), "姓名 canary.pdf").accepted
    assert "canary" not in str(seen)
    assert set(seen[0]["env"]) == {"PATH", "LC_ALL", "MALLOC_ARENA_MAX"}


CONFINED = """
import sys; sys.path.insert(0, sys.argv[1])
import os, socket, json, resource
from portal.infra.scanning.confinement import limit_resources, lock_in
limit_resources(); lock_in()
def tried(what):
    try:
        what()
    except BaseException as error:
        return type(error).__name__
    return "done"
def eat():
    return len(bytearray(2 << 30))
def fill():
    return os.memfd_create("x")
print(json.dumps({
    "open": tried(lambda: open("/etc/passwd")),
    "write": tried(lambda: open("/tmp/confined-was-here", "w")),
    "socket": tried(lambda: socket.socket()),
    "fork": tried(os.fork),
    "memfd": tried(fill),
    "memory": tried(eat),
    "user": os.geteuid(),
    "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
    "written": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
}))
"""


def test_the_child_can_open_connect_and_start_nothing() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-c", CONFINED, str(gate.ROOT)],
        capture_output=True, check=True, text=True, env=gate.ENVIRONMENT,
    )  # fmt: skip
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["open"] == found["write"] == found["socket"] == found["memfd"] == "OSError"
    assert found["fork"] == "BlockingIOError"
    assert found["memory"] == "MemoryError"
    assert (found["cpu"], found["written"]) == (6, 64 << 20)
    assert found["user"] != 0 or os.geteuid() != 0


BUSY = """
import sys; sys.path.insert(0, sys.argv[1])
from portal.infra.scanning.confinement import limit_resources
limit_resources()
while True: pass
"""


def test_a_child_that_computes_for_ever_is_ended_by_the_kernel() -> None:
    began = time.monotonic()
    ran = subprocess.run([sys.executable, "-I", "-c", BUSY, str(gate.ROOT)], timeout=60)
    assert ran.returncode < 0
    assert time.monotonic() - began < 40


def test_a_bomb_takes_no_memory_to_speak_of() -> None:
    """A gigabyte of zeros is counted piece by piece: it ends long before the child's limit."""
    assert examine(pdfs.bomb(), "a.pdf").reason is Reason.BOMB
    verdict = examine(pdfs.bomb(90), "a.pdf")
    assert verdict.accepted, "ninety megabytes are much, but no bomb"
