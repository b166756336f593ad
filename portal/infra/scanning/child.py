"""The throw-away process that reads one file: bytes come on stdin, the verdict leaves on stdout.

Started by `gate` as `python -I` with a bare environment: arguments are the file's name and the
descriptors for the bytes to keep and the thumbnail. It ends with 0 and one line of JSON, or it
has died, and then the file counts as unreadable.
"""

import importlib
import json
import os
from collections.abc import Callable

from portal.infra.scanning.confinement import limit_resources, lock_in
from portal.infra.scanning.types import HEIC, PDF, TIFF, sound_type, type_by_name
from portal.infra.scanning.verdicts import Reason, Refusal, Verdict

READERS = {PDF: ("pdf", 0), TIFF: ("scans", 0), HEIC: ("photos", 16)}
"""Which module reads what, and how many threads it cannot do without."""


def main(filename: str, kept_to: int, thumbnail_to: int) -> None:
    limit_resources()
    # Loaded before the doors close; the other readers stay out, a tenth of a second saved.
    part, threads = READERS.get(type_by_name(filename), ("images", 0))
    reader = importlib.import_module(f"portal.infra.scanning.{part}")
    lock_in(threads)
    with open(0, "rb", closefd=False) as incoming:
        content = incoming.read()
    verdict = examined(reader.read, content, filename)
    if verdict.kept is not None:
        _write(kept_to, verdict.kept)
    _write(thumbnail_to, verdict.thumbnail)
    said = {
        "reason": verdict.reason,
        "media_type": verdict.media_type,
        "rewritten": verdict.kept is not None,
    }
    _write(1, json.dumps(said).encode())


def examined(read: Callable[[bytes, str], Verdict], content: bytes, filename: str) -> Verdict:
    try:
        return read(content, sound_type(content, filename))
    except Refusal as refusal:
        return Verdict(reason=refusal.reason)
    except MemoryError:
        return Verdict(reason=Reason.BOMB)


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
