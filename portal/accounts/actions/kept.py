"""Keeping what somebody typed into a form while their session ran out."""

import json
import secrets
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from portal.accounts.models import KeptTyping
from portal.accounts.rules import NEVER_KEPT, TYPING_KEPT
from portal.infra.audit import record
from portal.infra.small_secrets import seal, unseal

PURPOSE = "kept typing"
MOST = 5
"""Forms kept of one person; the oldest go."""


def keep(
    db: Session,
    person_id: int,
    path: str,
    fields: list[tuple[str, str]],
    *,
    files: bool,
    now: datetime,
) -> str:
    """Keep a form's fields, sealed, for this person alone; the name they are offered under."""
    kept = [(key, value) for key, value in fields if key not in NEVER_KEPT]
    typing = KeptTyping(
        name=secrets.token_urlsafe(16),
        person_id=person_id,
        path=path,
        sealed=seal(PURPOSE, json.dumps([person_id, path, kept]).encode()),
        files=files,
        created_at=now,
        expires_at=now + TYPING_KEPT,
    )
    db.add(typing)
    db.flush()
    _make_room(db, person_id, now)
    whose = f"person:{person_id}"
    record(db, "person.typing_kept", by=whose, at=now, subject=whose, fields=len(kept))
    return typing.name


def fields_of(typing: KeptTyping) -> list[tuple[str, str]]:
    """What was typed, in order."""
    whose, path, kept = json.loads(unseal(PURPOSE, typing.sealed))
    assert (whose, path) == (typing.person_id, typing.path), "a row was exchanged"
    return [(key, value) for key, value in kept]


def _make_room(db: Session, person_id: int, now: datetime) -> None:
    db.execute(delete(KeptTyping).where(col(KeptTyping.expires_at) <= now))
    own = select(KeptTyping.id).where(KeptTyping.person_id == person_id)
    newest = db.exec(own.order_by(col(KeptTyping.id).desc()).limit(MOST)).all()
    surplus = (col(KeptTyping.person_id) == person_id, col(KeptTyping.id).not_in(newest))
    db.execute(delete(KeptTyping).where(*surplus))
