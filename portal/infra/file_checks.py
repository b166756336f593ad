"""What becomes of a received file: examined outside any transaction, then settled in one."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from portal.infra.audit import record
from portal.infra.blobs import Gone, blobs
from portal.infra.file_models import FileState, StoredFile
from portal.infra.files import check_named, drop_bytes, opened, put, subject
from portal.infra.scanning.clamd import NotScanned, scan
from portal.infra.scanning.gate import examine
from portal.infra.scanning.types import PDF
from portal.infra.scanning.verdicts import Reason, Verdict
from portal.infra.sealing import Tampered
from portal.infra.settings import settings
from portal.infra.tickets import Job, enqueue

log = logging.getLogger(__name__)

BY = "portal"
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
"""How long a file waits before the scanner is asked again: doubled each time, up to this."""

LOST_AFTER = timedelta(days=1)
"""Stored bytes that no row knows are taken away when they are this old: no transaction that
might still come to speak of them lasts as long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict, and for an accepted file where what is to be served was put meanwhile."""

    verdict: Verdict
    blob: str = ""
    thumbnail_blob: str = ""
    key_id: str = ""
    size: int = 0
    sha256: str = ""


def examined(stored: StoredFile) -> Outcome | None:
    """What was found about a file; None while the scanner does not answer.

    Takes up to a quarter of a minute, and touches no database.
    """
    try:
        content = b"".join(opened(stored))
    except (Tampered, Gone) as error:
        log.error("%s cannot be opened: %s", subject(stored), type(error).__name__)
        return Outcome(Verdict(reason=Reason.UNREADABLE))
    try:
        verdict = _scanned_and_read(content, stored)
    except NotScanned as error:
        log.warning("%s waits for the scanner: %s", subject(stored), error)
        return None
    return _put_away(verdict, content) if verdict.accepted else Outcome(verdict)


def _put_away(verdict: Verdict, received: bytes) -> Outcome:
    """Store what is to be served and its small picture, both anew and under the same key.

    The bytes received stay until the outcome is settled, so a repeat finds them.
    """
    content = received if verdict.kept is None else verdict.kept
    blob, key_id = put([content])
    thumbnail_blob, _ = put([verdict.thumbnail])
    return Outcome(
        verdict, blob, thumbnail_blob, key_id, len(content), hashlib.sha256(content).hexdigest()
    )


def _scanned_and_read(content: bytes, stored: StoredFile) -> Verdict:
    """Scanned first, so that a known virus is called one; refused also while nobody scans."""
    silent: NotScanned | None = None
    try:
        if virus_in(content):
            return Verdict(reason=Reason.VIRUS)
    except NotScanned as error:
        if stored.unanswered:
            raise
        silent = error
    verdict = examine(content, stored.filename)
    if verdict.accepted and silent:
        raise silent
    # A PDF that was unlocked or repaired shows the scanner more than it showed before.
    if verdict.media_type == PDF and verdict.kept and virus_in(verdict.kept):
        return Verdict(reason=Reason.VIRUS)
    return verdict


def virus_in(content: bytes) -> bool:
    """Whether the scanner knows something in `content`; False if none is set up.

    Raises:
        NotScanned: it is set up and does not answer.
    """
    address = settings().clamd_socket
    found = scan(content, address) if address else None
    if found:
        log.warning("the scanner found %s", found.signature)
    return found is not None


def settle(db: Session, stored: StoredFile, outcome: Outcome | None, now: datetime) -> None:
    """Write down the outcome. The bytes of a refused file are deleted with the commit."""
    if outcome is None:
        stored.unanswered += 1
        due = now + waiting_time(stored.unanswered)
        enqueue(db, Job.CHECK_FILE, once=check_named(stored), due=due, file_id=str(stored.id))
    elif (reason := outcome.verdict.reason) is not None:
        drop_bytes(db, stored)
        stored.state, stored.reason, stored.checked_at = FileState.REFUSED, reason, now
        record(db, "file.refused", by=BY, at=now, subject=subject(stored), reason=reason)
    else:
        _clear(db, stored, outcome)
        stored.checked_at = now
        record(db, "file.cleared", by=BY, at=now, subject=subject(stored), sha256=stored.sha256)
    db.add(stored)


def waiting_time(unanswered: int) -> timedelta:
    """How long to wait after the scanner has been silent so often."""
    doublings = min(unanswered - 1, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _clear(db: Session, stored: StoredFile, outcome: Outcome) -> None:
    drop_bytes(db, stored)
    stored.state, stored.media_type = FileState.CLEAN, outcome.verdict.media_type
    stored.blob, stored.thumbnail_blob = outcome.blob, outcome.thumbnail_blob
    stored.key_id, stored.size, stored.sha256 = outcome.key_id, outcome.size, outcome.sha256


def collect_lost(db: Session, *, real_now: datetime | None = None) -> int:
    """Delete stored bytes and drafts that no row knows; how many there were.

    Their age is real time: the demonstration's clock does not move files' dates.
    """
    before = (real_now or datetime.now(UTC)) - LOST_AFTER
    old = [name for name, written in blobs().listed() if written < before]
    lost = 0
    for start in range(0, len(old), 500):
        portion = old[start : start + 500]
        for name in set(portion) - _known(db, portion):
            blobs().drop(name)
            lost += 1
    return lost


def _known(db: Session, names: list[str]) -> set[str]:
    found: set[str] = set()
    for column in (col(StoredFile.blob), col(StoredFile.thumbnail_blob)):
        found |= set(db.exec(select(column).where(column.in_(names))))
    return found


def file_to_check(db: Session, file_id: UUID, *, locked: bool = False) -> StoredFile | None:
    """The file if it still has to be checked, as it is on record now."""
    wanted = select(StoredFile).where(
        StoredFile.id == file_id, StoredFile.state == FileState.CHECKING
    )
    if locked:
        wanted = wanted.with_for_update()
    return db.exec(wanted.execution_options(populate_existing=True)).one_or_none()
