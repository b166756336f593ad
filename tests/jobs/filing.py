"""What the tests of files do again and again: send one in, have it checked, look at it."""

import io
from datetime import UTC, datetime
from uuid import UUID

from flask import Flask
from sqlmodel import Session, select

import jobs.files  # noqa: F401  (its jobs must be known)
from jobs import running
from portal.infra.audit import AuditEntry, broken_at
from portal.infra.db import engine, unit_of_work
from portal.infra.files import (
    StoredFile,
    open_clean,
    receive,
)
from portal.infra.settings import Settings
from portal.infra.tickets import Ticket

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def received(app: Flask, content: bytes, filename: str = "licence.pdf") -> UUID:
    with unit_of_work(app) as db:
        stored = receive(
            db, io.BytesIO(content), filename=filename, owner="case:X", by="person:1", now=NOW
        )
        return stored.id


def check(app: Flask) -> int:
    return running.run_waiting(app)


def row(file_id: UUID) -> StoredFile:
    with Session(engine()) as db:
        return db.get_one(StoredFile, file_id)


def served(app: Flask, file_id: UUID) -> bytes:
    with unit_of_work(app) as db:
        return b"".join(open_clean(db, file_id))


def on_disk(settings: Settings) -> dict[str, bytes]:
    folder = settings.home / "files"
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def tickets() -> list[Ticket]:
    with Session(engine()) as db:
        return list(db.exec(select(Ticket)))


def heard(action: str) -> list[AuditEntry]:
    with Session(engine()) as db:
        assert broken_at(db) is None
        return list(db.exec(select(AuditEntry).where(AuditEntry.action == action)))
