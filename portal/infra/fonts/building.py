"""Build the faces into a folder named after what they are made from, once a machine."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from portal.infra.fonts.faces import (
    CJK_SOURCES,
    HERE,
    LATIN,
    LATIN_SOURCES,
    SCRIPTS,
    SIGNS,
    FontsMissing,
    Script,
    frequent,
)
from portal.infra.settings import settings

RECIPE = "2"
"""Raised when this code cuts differently, so that old folders are not taken for new ones."""

CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""


def source(name: str) -> Path:
    """A source font.

    Raises:
        FontsMissing: it is not installed.
    """
    path = settings().font_sources / name
    if not path.is_file():
        raise FontsMissing(
            f"{path} is missing: install Debian's fonts-noto-cjk and fonts-noto-core"
        )
    return path


def build() -> Path:
    """The folder of the faces; built first if they are not there, 10 seconds on two cores.

    The folder's name changes with the sources, so fontconfig's cache, which goes by file
    name and time, never speaks of an older file.

    Raises:
        FontsMissing: what they are cut from is not installed.
    """
    folder = _folder()
    if (folder / "complete").exists():
        return folder
    with _alone(folder.parent):
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _cut_all(folder)
            (folder / "fonts.conf").write_text(CONFIGURATION.format(folder=folder))
            _warm(folder)
            (folder / "complete").touch()
    return folder


def _folder() -> Path:
    return settings().font_cache.resolve() / _stamp()


def _stamp() -> str:
    """Names the inputs: the sources by size (reading 40 MB at each start is slow), ours whole."""
    digest = hashlib.sha256(RECIPE.encode())
    for name in (*CJK_SOURCES.values(), *LATIN_SOURCES.values()):
        digest.update(f"{name} {source(name).stat().st_size}".encode())
    for path in sorted(HERE.glob("frequent_*.txt")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    """Of several processes that start at once, one builds and the others wait for it."""
    parent.mkdir(parents=True, exist_ok=True)
    with (parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cut_all(folder: Path) -> None:
    jobs = [(script, weight) for weight in CJK_SOURCES for script in SCRIPTS]
    with ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1)) as pool:
        waiting = [pool.submit(_cut_script, folder, *job) for job in jobs]
        waiting += [pool.submit(_cut_latin, folder, weight) for weight in LATIN_SOURCES]
        for work in waiting:
            work.result()


def _cut_script(folder: Path, script: Script, weight: str) -> None:
    from portal.infra.fonts import cutting

    face = cutting.face_of(source(CJK_SOURCES[weight]), script.source_family)
    have, first = set(face.unicodes), frequent(script)
    common = have & {*map(ord, first), *SIGNS}
    font = cutting.subset(face, common)
    cutting.as_truetype(font)
    cutting.in_order_of(font, first)
    cutting.name_it(font, script.family, weight)
    font.save(folder / f"{script.family}-{weight}.ttf".replace(" ", ""))
    rest = cutting.subset(face, have - common)
    cutting.name_it(rest, script.rest, weight)
    rest.save(folder / f"{script.rest}-{weight}.otf".replace(" ", ""))
    if weight == "Regular":
        (folder / f"{script.code}.json").write_text(json.dumps(sorted(have)))


def _cut_latin(folder: Path, weight: str) -> None:
    from portal.infra.fonts import cutting

    face = cutting.face_of(source(LATIN_SOURCES[weight]), "Noto Sans")
    font = cutting.subset(face, face.unicodes, drop=("DSIG",))
    cutting.name_it(font, LATIN, weight)
    font.save(folder / f"{LATIN}-{weight}.ttf".replace(" ", ""))


def _warm(folder: Path) -> None:
    """Let fontconfig write its cache now: later the folder may be read-only."""
    load = "import weasyprint.text.fonts as fonts; fonts.FontConfiguration()"
    environment = {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    subprocess.run([sys.executable, "-c", load], env=environment, check=True)
