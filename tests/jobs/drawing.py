"""A job for the tests of tickets: it draws a label, one row a time, or what a test says."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlmodel import Field, SQLModel, select

from jobs import running
from portal.infra import queue
from portal.infra.db import unit_of_work
from portal.infra.tickets import (
    Ticket,
    enqueue,
    ticket_named,
)


class Drawn(SQLModel, table=True):
    """What the job of these tests does: one row a time."""

    __tablename__ = "test_drawn"

    id: int | None = Field(default=None, primary_key=True)
    label: int


JOB = "test_draw"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict]:
    """A job whose body each test may replace."""
    body = {"run": lambda db, *, label: db.add(Drawn(label=label))}
    made = running.Work(lambda db, **args: body["run"](db, **args), max_attempts=3, seconds=60)
    monkeypatch.setitem(running.WORK, JOB, made)
    sent: list = []
    monkeypatch.setattr(queue, "send_soon", sent.extend)
    body["sent"] = sent
    yield body


def order(app: Flask, label: int = 7, **options: object) -> Ticket:
    with unit_of_work(app) as db:
        return enqueue(db, JOB, once=f"draw:{label}", label=label, **options)


def drawn(app: Flask) -> list[int]:
    with unit_of_work(app) as db:
        return list(db.exec(select(Drawn.label)))


def now_of(app: Flask, label: int = 7) -> Ticket:
    with unit_of_work(app) as db:
        found = ticket_named(db, f"draw:{label}")
        assert found is not None
        return found


def overdue(app: Flask, ticket: Ticket, **values: object) -> None:
    with unit_of_work(app) as db:
        found = db.get_one(Ticket, ticket.id)
        for name, value in values.items():
            setattr(found, name, value)
