"""The tickets' table."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, Column, Index
from sqlmodel import Field, SQLModel

from portal.infra.db import UtcDateTime


class State(StrEnum):
    """Where a ticket is. FAILED needs a person: nothing will try again by itself."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Ticket(SQLModel, table=True):
    """One piece of work. The queue carries only its id; what to do and its state are here.

    `due` is on the portal's clock (the demonstration's offset moves it); `lease_until` and
    `sent_at` are seconds on the database's own clock, so no worker's clock matters.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_state_due", "state", "due"),
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"
        ),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    job: str
    # Ids and small words only, never what a person wrote.
    args: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    once: str = Field(unique=True)
    state: str = State.WAITING
    due: datetime = Field(sa_type=UtcDateTime)
    # Starts so far, raised before the work begins.
    attempts: int = 0
    # Starts after which the worker was never heard of again.
    deaths: int = 0
    done: int = 0
    total: int = 0
    # Kind and place of the last error; never its text, which may quote what a person wrote.
    problem: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Raised by every claim: a worker whose number is old has lost its ticket.
    fence: int = 0
    lease_until: float = 0.0
    sent_at: float = 0.0
