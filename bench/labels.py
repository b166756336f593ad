"""What a label costs: a batch on sheets and one label by a warm worker, against one write each.

Milliseconds of processor time a label, as other work on the machine would blur the clock's.
"""

import hashlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bench.common import end, figure
from bench.peers.labels import write_label
from portal.labels.drawing import draw
from portal.labels.faces import LabelFace, Three
from portal.labels.printing_run import print_all
from portal.labels.serials import new_serial
from portal.labels.sheets import SHEETS, SINGLE, Sheet

ROUNDS = 5
BATCH, SINGLES, NAIVE = 200, 20, 10
SHEET = SHEETS["a4-10"]
# Chinese is written without spaces, and each way breaks its lines elsewhere.
WORD = re.compile(r"[!-~]+|[^\s!-~]")
PLACES = Path(__file__).parents[1] / "portal/registry/demonstration/hospital_authority.json"


def main() -> None:
    if len(sys.argv) > 1:
        return remember(sys.argv[1])
    faces = labels(BATCH)
    held = [same_words(faces[:NAIVE])]
    held += [sheets(faces), singles(faces)]
    held += [weights(faces), memories()]
    end(held)


def labels(count: int) -> list[LabelFace]:
    """Faces of real places, repeated as needed, each with a serial of its own."""
    named = json.loads(PLACES.read_text("utf-8"))
    real = [place for owner in named["institutions"] for place in owner["locations"]]
    return [_face(real[number % len(real)]) for number in range(count)]


def _face(place: dict[str, str]) -> LabelFace:
    def three(key: str) -> Three:
        return Three(*(place.get(f"{key}_{lang}", "") for lang in ("en", "tc", "sc")))

    return LabelFace(
        serial=new_serial(),
        name=three("name"),
        address=three("address"),
        institution=Three("", "", ""),
        number="HSL-KF4-MR7-2TX",
        printed_on=date(2026, 11, 24),
        check_at="https://portal.example.hk",
    )


def batch(faces: Sequence[LabelFace]) -> bytes:
    """A batch as the job prints it, nothing left from an earlier run."""
    with tempfile.TemporaryDirectory() as folder:
        return print_all(faces, SHEET, start=1, folder=Path(folder), report=lambda _done: None)


def cost(work: Callable[[], object], count: int) -> float:
    """Milliseconds of processor time for each of `count` labels."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000 / count


def in_turn(ways: Sequence[tuple[Callable[[], object], int]]) -> list[float]:
    """The median cost of each way, measured in turns; the first turn warms up."""
    taken: list[list[float]] = [[] for _ in ways]
    for turn in range(ROUNDS + 1):
        for which in range(len(ways)):
            at = (which + turn) % len(ways)
            spent = cost(*ways[at])
            if turn:
                taken[at].append(spent)
    return [statistics.median(each) for each in taken]


def naive(faces: Sequence[LabelFace], sheet: Sheet) -> list[bytes]:
    return [write_label(face, sheet) for face in faces]


def sheets(faces: list[LabelFace]) -> bool:
    ours, peer = in_turn(
        [(lambda: batch(faces), BATCH), (lambda: naive(faces[:NAIVE], SHEET), NAIVE)]
    )
    return figure(
        "labels", f"A4 sheets of a batch of {BATCH}, ms a label", ours=ours, peer=peer,
        peer_name="one write_pdf a label", goal="at least 15 times faster",
        holds=peer / ours >= 15, ratio=peer / ours,
    )  # fmt: skip


def singles(faces: list[LabelFace]) -> bool:
    def warm() -> None:
        for face in faces[:SINGLES]:
            draw([face], SINGLE)

    ours, peer = in_turn([(warm, SINGLES), (lambda: naive(faces[:NAIVE], SINGLE), NAIVE)])
    return figure(
        "labels", "one tagged A5 label by a warm worker, ms", ours=ours, peer=peer,
        peer_name="one write_pdf, not tagged", goal="at least 5 times faster",
        holds=peer / ours >= 5, ratio=peer / ours,
    )  # fmt: skip


def weights(faces: list[LabelFace]) -> bool:
    one, other = len(draw(faces[:1], SINGLE)), len(write_label(faces[0], SINGLE))
    figure("labels", "bytes of one A5 label", ours=one, peer=other,
           peer_name="one write_pdf", goal="stated", holds=None)  # fmt: skip
    each = len(batch(faces)) / BATCH
    other = sum(map(len, naive(faces[:NAIVE], SHEET))) // NAIVE
    return figure("labels", f"bytes a label in a batch of {BATCH}", ours=each, peer=other,
                  peer_name="one write_pdf", goal="stated", holds=None)  # fmt: skip


def memories() -> bool:
    """Peak memory of a process that prints the batch and nothing else."""
    ours, peer = (
        float(
            subprocess.run(
                [sys.executable, "-m", "bench.labels", which],
                capture_output=True, check=True, text=True,
            ).stdout
        )
        for which in ("ours", "naive")
    )  # fmt: skip
    return figure(
        "labels", f"peak memory of a batch of {BATCH}, MB", ours=ours, peer=peer,
        peer_name=f"one write_pdf, {BATCH // 4} labels", goal="stated", holds=None,
    )  # fmt: skip


def remember(which: str) -> None:
    if which == "ours":
        batch(labels(BATCH))
    else:
        # A quarter is enough to show it, and takes a quarter of a minute already.
        for face in labels(BATCH // 4):
            write_label(face, SHEET)
    # Not getrusage: that counts what the process was before it became this one.
    status = Path("/proc/self/status").read_text()
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def same_words(faces: list[LabelFace]) -> bool:
    """Both ways print the same words, equally often: a hash over them, sorted."""
    pairs = (
        ("sheet", [batch(faces)], naive(faces, SHEET)),
        ("single", [draw([face], SINGLE) for face in faces], naive(faces, SINGLE)),
    )
    equal = True
    for name, ours, theirs in pairs:
        one, other = digest(ours), digest(theirs)
        print(json.dumps({"bench": "labels", "words": name, "ours": one, "peer": other}))
        equal &= one == other
    return equal


def digest(pdfs: Sequence[bytes]) -> str:
    counted: Counter[str] = Counter()
    for pdf in pdfs:
        done = subprocess.run(
            ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
        )
        counted.update(WORD.findall(done.stdout.decode()))
    return hashlib.sha256(repr(sorted(counted.items())).encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
