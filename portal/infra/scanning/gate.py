"""Has a file read by a child process that may die of it; never by this process."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from portal.infra.scanning.types import STORED_ENDINGS, type_by_content
from portal.infra.scanning.verdicts import MAX_BYTES, Reason, Verdict

log = logging.getLogger(__name__)

SECONDS = 8.0
"""How long a child may take by the clock on the wall."""

ROOT = Path(__file__).resolve().parents[3]
START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from portal.infra.scanning.child import main; main(sys.argv[2], *map(int, sys.argv[3:]))"
)
# Nothing of ours: no settings, no secrets, no way to other programs.
ENVIRONMENT = {"PATH": "", "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}


def examine(content: bytes, filename: str, *, seconds: float = SECONDS) -> Verdict:
    """The verdict on `content`. Only the ending of `filename` matters.

    A child that dies, hangs or talks nonsense means UNREADABLE: never acceptance, never an
    error here. The bytes go to it and back in memory, never through a folder.
    """
    if not content:
        return Verdict(reason=Reason.EMPTY)
    if len(content) > MAX_BYTES:
        return Verdict(reason=Reason.TOO_BIG)
    with ExitStack() as stack:
        incoming, said, kept, thumbnail = (
            stack.enter_context(in_memory(name)) for name in ("file", "said", "kept", "thumbnail")
        )
        _write(incoming, content)
        ended = _run(
            f"file.{filename.rpartition('.')[2]}", incoming, said, (kept, thumbnail), seconds
        )
        if ended != 0:
            log.warning("a file's reader ended with %s", ended)
            return Verdict(reason=Reason.UNREADABLE)
        return _understood(_read(said), _read(kept), _read(thumbnail))


@contextmanager
def in_memory(name: str) -> Iterator[int]:
    """The descriptor of a file that has no place on any disk."""
    descriptor = os.memfd_create(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _run(
    name: str, incoming: int, said: int, handed_over: tuple[int, int], seconds: float
) -> int | None:
    """The child's exit code, negative for a signal; None if it had to be stopped."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", START, str(ROOT), name, *map(str, handed_over)],
        stdin=incoming,
        stdout=said,
        stderr=subprocess.DEVNULL,
        pass_fds=handed_over,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        # Also on the way out of an interrupted job: no child may outlive its question.
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _understood(said: bytes, kept: bytes, thumbnail: bytes) -> Verdict:
    """The child's answer, believed only as far as it makes sense."""
    try:
        answer = json.loads(said)
        if answer["reason"] is not None:
            return Verdict(reason=Reason(answer["reason"]))
        media_type, rewritten = answer["media_type"], bool(answer["rewritten"])
    except (ValueError, KeyError, TypeError):
        log.warning("a file's reader gave no sensible answer")
        return Verdict(reason=Reason.UNREADABLE)
    sound = media_type in STORED_ENDINGS and type_by_content(thumbnail[:1024]) == "image/webp"
    if not sound or (rewritten and type_by_content(kept[:1024]) != media_type):
        return Verdict(reason=Reason.UNREADABLE)
    return Verdict(None, media_type, kept if rewritten else None, thumbnail)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    found = b""
    while piece := os.pread(descriptor, size, len(found)):
        found += piece
    return found
