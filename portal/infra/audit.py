"""Who did what, append-only: each entry carries the hash of the one before it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, event, insert, select, update
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


def digest(seq: int, entry: _Waiting | AuditEntry, previous: str) -> str:
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


def entries(db: Session, *, after: int = 0, size: int = 1000) -> Iterator[AuditEntry]:
    """All entries in order, fetched in portions."""
    while True:
        found = db.scalars(
            select(AuditEntry)
            .where(col(AuditEntry.seq) > after)
            .order_by(col(AuditEntry.seq))
            .limit(size)
        ).all()
        yield from found
        if len(found) < size:
            return
        after = found[-1].seq


def broken_at(db: Session) -> int | None:
    """The number of the first entry that is missing, changed or out of its place; None if sound."""
    expected, previous = 1, START
    for entry in entries(db):
        sound = entry.seq == expected and entry.previous == previous
        if not sound or entry.hash != digest(entry.seq, entry, previous):
            return expected
        expected, previous = expected + 1, entry.hash
    head = db.get(AuditHead, 1)
    return None if head is None or head.hash == previous else expected
