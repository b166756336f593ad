"""Files people send: sealed at once, kept apart until examined, then served; or ours, at once."""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import event
from sqlalchemy.orm import Session as PlainSession
from sqlmodel import Session

from portal.infra.audit import record
from portal.infra.blobs import NotStored, blobs
from portal.infra.file_models import FileState, StoredFile, plain_name
from portal.infra.scanning.types import type_by_name
from portal.infra.scanning.verdicts import MAX_BYTES, Reason, Refusal
from portal.infra.sealing import current_key, key_with, sealed, unsealed
from portal.infra.tickets import Job, cancel, enqueue
from portal.kernel.problems import NotHere, Refused
from portal.kernel.text import N_

__all__ = [
    "FileState",
    "StoredFile",
    "clean_file",
    "keep",
    "open_clean",
    "receive",
    "remove",
    "thumbnail",
]

log = logging.getLogger(__name__)

PIECE = 64 * 1024
NO_ROOM = N_("The file could not be stored just now. Please try again in a few minutes")


class Incoming:
    """A stream as it comes in: counted and hashed on the way, and stopped when it is too much."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.size = 0
        self.hash = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.stream.read(PIECE):
            self.size += len(piece)
            self.hash.update(piece)
            if self.size > MAX_BYTES:
                raise Refusal(Reason.TOO_BIG)
            yield piece
        if not self.size:
            raise Refusal(Reason.EMPTY)


def receive(
    db: Session, stream: BinaryIO, *, filename: str, owner: str, by: str, now: datetime
) -> StoredFile:
    """Take a file in: sealed and apart (state "checking"), with a ticket for its examination.

    What can be seen to be wrong at once (kind, empty, too big) is refused at once: a row in
    state "refused" that says why, and no bytes.

    Raises:
        Refused: there is no room for it just now; nothing of it is left.
    """
    name = plain_name(filename)
    stored = StoredFile(owner=owner, filename=name, received_by=by, received_at=now)
    incoming = Incoming(stream)
    try:
        if not type_by_name(name):
            raise Refusal(Reason.WRONG_TYPE)
        _seal(stored, incoming)
    except Refusal as refusal:
        stored.state, stored.reason = FileState.REFUSED, refusal.reason
    stored.size = stored.received_size = incoming.size
    stored.sha256 = stored.received_sha256 = incoming.hash.hexdigest()
    db.add(stored)
    db.flush()
    record(
        db, "file.received", by=by, at=now, subject=subject(stored),
        owner=owner, size=stored.size, reason=stored.reason or None,
    )  # fmt: skip
    if stored.state == FileState.CHECKING:
        enqueue(db, Job.CHECK_FILE, once=check_named(stored), file_id=str(stored.id))
    return stored


def keep(
    db: Session, content: bytes, *, filename: str, media_type: str, owner: str, now: datetime
) -> StoredFile:
    """Store a file that we made ourselves: sealed, and clean from the start.

    Raises:
        Refused: there is no room for it just now.
    """
    stored = StoredFile(
        owner=owner, filename=filename, media_type=media_type, state=FileState.CLEAN,
        received_by="portal", received_at=now, checked_at=now,
    )  # fmt: skip
    _seal(stored, [content])
    stored.size = stored.received_size = len(content)
    stored.sha256 = stored.received_sha256 = hashlib.sha256(content).hexdigest()
    db.add(stored)
    db.flush()
    return stored


def _seal(stored: StoredFile, pieces: Iterable[bytes]) -> None:
    try:
        stored.blob, stored.key_id = put(pieces)
    except NotStored as error:
        log.error("a file could not be stored: %s", error)
        raise Refused(NO_ROOM) from error


def put(pieces: Iterable[bytes]) -> tuple[str, str]:
    """Seal `pieces` under the current key; the name they are stored under and the key's id.

    If the transaction that is to speak of them fails, nobody knows the name any more, and
    the collection of lost files takes them away.
    """
    name, key = uuid4().hex, current_key()
    blobs().put(name, sealed(pieces, key, name))
    return name, key.id


def open_clean(db: Session, file_id: UUID) -> Iterator[bytes]:
    """The clear bytes of a clean file, piece by piece; needs `db` only for this call.

    Raises:
        NotHere: there is no such file, or it is not clean.
        Tampered: while reading, before any byte that is not ours is given out.
    """
    return opened(clean_file(db, file_id))


def clean_file(db: Session, file_id: UUID) -> StoredFile:
    stored = db.get(StoredFile, file_id)
    if stored is None or stored.state != FileState.CLEAN:
        raise NotHere
    return stored


def thumbnail(db: Session, file_id: UUID) -> bytes | None:
    """The small picture (WebP, 320 pixels) of a clean file; None if there is none (yet)."""
    stored = db.get(StoredFile, file_id)
    if stored is None or stored.state != FileState.CLEAN or not stored.thumbnail_blob:
        return None
    return b"".join(_unsealed(stored.thumbnail_blob, stored.key_id))


def opened(stored: StoredFile) -> Iterator[bytes]:
    """The clear bytes, whatever the state: for the examination. Pages use `open_clean`."""
    return _unsealed(stored.blob, stored.key_id)


def _unsealed(blob: str, key_id: str) -> Iterator[bytes]:
    return unsealed(blobs().get(blob), key_with(key_id), blob)


def remove(db: Session, file_id: UUID, *, by: str, now: datetime) -> None:
    """Take a file's bytes and name away for good; its row and hash stay on record."""
    stored = db.get(StoredFile, file_id)
    if stored is None or stored.state == FileState.REMOVED:
        return
    cancel(db, once=check_named(stored))
    drop_bytes(db, stored)
    stored.state, stored.reason, stored.filename = FileState.REMOVED, "", ""
    db.add(stored)
    record(db, "file.removed", by=by, at=now, subject=subject(stored), owner=stored.owner)


def drop_bytes(db: Session, stored: StoredFile) -> None:
    """Have the stored bytes deleted when, and only if, `db` commits."""
    names = [name for name in (stored.blob, stored.thumbnail_blob) if name]
    db.info.setdefault("blobs_to_drop", []).extend(names)
    stored.blob = stored.thumbnail_blob = ""


def subject(stored: StoredFile) -> str:
    """What the audit calls a file."""
    return f"file:{stored.id}"


def check_named(stored: StoredFile) -> str:
    """The name of the next examination: each time the scanner was silent makes a new one."""
    return f"file:{stored.id}:check:{stored.unanswered}"


@event.listens_for(PlainSession, "after_commit")
def _drop(db: PlainSession) -> None:
    for name in db.info.pop("blobs_to_drop", []):
        try:
            blobs().drop(name)
        except Exception as error:
            # The row no longer knows it: the collection of lost files will take it.
            log.warning("stored bytes not deleted yet: %s", type(error).__name__)


@event.listens_for(PlainSession, "after_rollback")
def _keep(db: PlainSession) -> None:
    db.info.pop("blobs_to_drop", None)
