"""Who did what, append-only: each entry carries the hash of the one before it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Row, event, insert, select, update
from sqlalchemy.orm import Session as PlainSession
from sqlmodel import Column, Field, Session, SQLModel, col

from portal.infra.db import UtcDateTime

START = "0" * 64
"""What the first entry names as its predecessor."""


class AuditEntry(SQLModel, table=True):
    """One thing done or read. `details` holds keys and numbers, never answers or identities."""

    __tablename__ = "audit_entry"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)
    by: str
    action: str = Field(index=True)
    subject: str = Field(index=True)
    details: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    previous: str
    hash: str


class AuditHead(SQLModel, table=True):
    """One row, the newest entry's number and hash: the lock that keeps entries in one line."""

    __tablename__ = "audit_head"

    id: int = Field(default=1, primary_key=True)
    seq: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True)
class _Waiting:
    at: datetime
    by: str
    action: str
    subject: str
    details: dict[str, Any]


def record(
    db: Session, action: str, *, by: str, at: datetime, subject: str, **details: str | int | None
) -> None:
    """Put on record that `by` did `action` ("application.submitted") to `subject`.

    The entry is written when `db` commits, with what it tells of, so the chain's lock is
    the last a transaction takes and the shortest it holds.
    """
    waiting = db.info.setdefault("audit", [])
    waiting.append(_Waiting(at, by, action, subject, dict(details)))
    # A session without changes would commit without a transaction to write into.
    db.connection()


def digest(seq: int, entry: _Waiting | AuditEntry | Row[Any], previous: str) -> str:
    """SHA-256 over the entry's canonical JSON and its predecessor's hash, in hex."""
    body = [
        seq,
        entry.at.isoformat(timespec="microseconds"),
        entry.by,
        entry.action,
        entry.subject,
        entry.details,
        previous,
    ]
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@event.listens_for(PlainSession, "before_commit")
def _append(db: PlainSession) -> None:
    waiting: list[_Waiting] = db.info.pop("audit", [])
    if not waiting:
        return
    db.flush()
    seq, previous = _locked_head(db)
    rows = []
    for entry in waiting:
        seq += 1
        own = digest(seq, entry, previous)
        rows.append(_row(seq, entry, previous, own))
        previous = own
    db.execute(insert(AuditEntry), rows)
    db.execute(update(AuditHead).values(seq=seq, hash=previous))


@event.listens_for(PlainSession, "after_soft_rollback")
def _forget(db: PlainSession, _previous: object) -> None:
    db.info.pop("audit", None)


def _locked_head(db: PlainSession) -> tuple[int, str]:
    head = db.execute(
        select(col(AuditHead.seq), col(AuditHead.hash)).with_for_update()
    ).one_or_none()
    if head is None:
        db.execute(insert(AuditHead).values(id=1, seq=0, hash=START))
        return 0, START
    return head[0], head[1]


def _row(seq: int, entry: _Waiting, previous: str, own: str) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": entry.at,
        "by": entry.by,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        "previous": previous,
        "hash": own,
    }


@dataclass(frozen=True, slots=True)
class Chain:
    """What a walk along all entries saw: their hashes, and the first that is not as it was."""

    hashes: list[str]
    broken_at: int | None


def walked(db: Session) -> Chain:
    """Look at every entry: nothing missing, changed or out of its place, and the head the last."""
    seq, named = _head(db)
    hashes: list[str] = [START]
    broken: int | None = None
    for entry in _entries(db):
        place, previous = len(hashes), hashes[-1]
        sound = entry.seq == place and entry.previous == previous
        if broken is None and not (sound and entry.hash == digest(place, entry, previous)):
            broken = place
        hashes.append(entry.hash)
    # The head is read on both sides of the walk: entries may be written meanwhile.
    held = seq < len(hashes) and hashes[seq] == named and _head(db)[0] >= len(hashes) - 1
    return Chain(hashes[1:], len(hashes) if broken is None and not held else broken)


def broken_at(db: Session) -> int | None:
    """The number of the first entry that is missing, changed or out of its place; None if sound."""
    return walked(db).broken_at


def written_after(db: Session, seq: int) -> datetime | None:
    """When the first entry after number `seq` was written; None if there is none."""
    later = select(col(AuditEntry.at)).where(col(AuditEntry.seq) > seq)
    at: datetime | None = db.execute(later.order_by(col(AuditEntry.seq)).limit(1)).scalar()
    return at


def _head(db: Session) -> tuple[int, str]:
    found = db.execute(select(col(AuditHead.seq), col(AuditHead.hash))).one_or_none()
    return (found[0], found[1]) if found else (0, START)


def _entries(db: Session, *, after: int = 0, size: int = 1000) -> Iterator[Row[Any]]:
    """All entries in order, fetched in portions; rows cost a third of what objects do."""
    columns = [col(getattr(AuditEntry, name)) for name in AuditEntry.model_fields]
    while True:
        portion = select(*columns).where(col(AuditEntry.seq) > after)
        found = db.execute(portion.order_by(col(AuditEntry.seq)).limit(size)).all()
        yield from found
        if len(found) < size:
            return
        after = found[-1].seq
