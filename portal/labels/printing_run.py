"""Printing a batch: its labels in documents of some fifty, joined to one file.

A finished document stays in a folder until the batch is filed, under a name made from all
that is on it: a worker that takes over a batch draws only what is not there yet.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlmodel import Session

from portal.infra.audit import record
from portal.infra.files import keep
from portal.infra.pdfs import merged
from portal.infra.settings import settings
from portal.kernel.hktime import hk_date
from portal.labels.drawing import draw
from portal.labels.faces import LabelFace, Three
from portal.labels.models import LabelBatch
from portal.labels.queries import labels_in
from portal.labels.rules import Verdict, verdict
from portal.labels.sheets import SHEETS, TEMPLATE, Sheet
from portal.registry.models import Institution, ServiceLocation

CHUNK = 50
"""Labels in one document: beyond it WeasyPrint's memory and time a label grow."""


def face_of(place: ServiceLocation, serial: str, printed_on: date) -> LabelFace:
    """The label of a place, from its present particulars."""
    return LabelFace(
        serial=serial,
        name=Three(place.name_en, place.name_tc, place.name_sc),
        address=Three(place.address_en, place.address_tc, place.address_sc),
        institution=_institution(place, place.institution),
        number=place.number,
        printed_on=printed_on,
        check_at=settings().address,
    )


def _institution(place: ServiceLocation, owner: Institution) -> Three:
    """The institution's names, but not where the place's own name has them in it."""
    named = {
        lang: "" if getattr(owner, f"name_{lang}") in getattr(place, f"name_{lang}")
        else getattr(owner, f"name_{lang}")
        for lang in ("en", "tc", "sc")
    }  # fmt: skip
    return Three(**named)


def faces_in(db: Session, batch: LabelBatch, now: datetime) -> list[LabelFace]:
    """What the batch prints, now: a label that is void or whose place has left is not printed."""
    good = (
        label
        for label in labels_in(db, batch)
        if verdict(label, label.location, label.location.institution, now) is Verdict.VALID
    )
    day = hk_date(batch.ordered_at)
    return [face_of(label.location, label.serial, day) for label in good]


def print_all(
    faces: Sequence[LabelFace],
    sheet: Sheet,
    *,
    start: int,
    folder: Path,
    report: Callable[[int], None],
) -> bytes:
    """The PDF of all `faces`; `report` is told after each document how many are done."""
    folder.mkdir(parents=True, exist_ok=True)
    documents, done = [], 0
    for chunk, first in chunks(faces, sheet, start):
        documents.append(_drawn_once(chunk, sheet, first, folder))
        done += len(chunk)
        report(done)
    return merged(documents) if len(documents) > 1 else documents[0]


def chunks(
    faces: Sequence[LabelFace], sheet: Sheet, start: int
) -> Iterator[tuple[Sequence[LabelFace], int]]:
    """Portions that fill whole pages, each with the position of its first label."""
    portion = -(-CHUNK // sheet.places) * sheet.places
    at = 0
    while at < len(faces):
        first = start if at == 0 else 1
        size = portion - first + 1
        yield faces[at : at + size], first
        at += size


def _drawn_once(chunk: Sequence[LabelFace], sheet: Sheet, first: int, folder: Path) -> bytes:
    whole = repr((TEMPLATE, settings().label_mark, sheet, first, list(chunk)))
    path = folder / f"{hashlib.sha256(whole.encode()).hexdigest()}.pdf"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_bytes(draw(chunk, sheet, start=first))
        draft.replace(path)
    return path.read_bytes()


def folder_of(batch: LabelBatch) -> Path:
    return settings().home / "labels" / batch.reference


def file_batch(
    db: Session, batch: LabelBatch, content: bytes, *, printed: int, now: datetime
) -> None:
    """Keep the finished PDF with its batch."""
    stored = keep(
        db,
        content,
        filename=f"eHealth-labels-{batch.reference}.pdf",
        media_type="application/pdf",
        owner=f"label_batch:{batch.reference}",
        now=now,
    )
    finish(db, batch, printed=printed, now=now)
    batch.file_id = stored.id


def finish(db: Session, batch: LabelBatch, *, printed: int, now: datetime) -> None:
    """The batch is done; what had become worthless meanwhile was left out."""
    batch.drawn_at, batch.left_out = now, batch.size - printed
    db.add(batch)
    record(
        db, "label_batch.drawn", by="portal", at=now,
        subject=f"label_batch:{batch.reference}", printed=printed,
    )  # fmt: skip


def tidy(batch: LabelBatch) -> None:
    """Take the single documents away."""
    shutil.rmtree(folder_of(batch), ignore_errors=True)


def sheet_of(batch: LabelBatch) -> Sheet:
    return SHEETS[batch.sheet]
