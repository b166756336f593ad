"""The relay finds what the queue does not know of, and the calendar's work with it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import redis
from flask import Flask
from sqlmodel import Session, col, select

from jobs import running
from jobs.clock import DAY, Periodic, Planner, forget_tickets
from jobs.relay import BATCH, look
from portal.infra import claims, clock, queue
from portal.infra.db import engine, unit_of_work
from portal.infra.tickets import Job, State, Ticket, enqueue
from portal.kernel.hktime import HKT

NOTHING = Planner(())


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[UUID]]:
    """What the relay sent; what the process itself sends at commit is lost."""
    found: list[UUID] = []
    monkeypatch.setattr(queue, "send_soon", lambda ids: None)
    monkeypatch.setattr(queue, "send", found.extend)
    return found


def order(app: Flask, name: str, **options: object) -> UUID:
    with unit_of_work(app) as db:
        return enqueue(db, "trial", once=name, **options).id


def change(ticket_id: UUID, **values: object) -> None:
    with Session(engine()) as db:
        ticket = db.get_one(Ticket, ticket_id)
        for name, value in values.items():
            setattr(ticket, name, value)
        db.commit()


def later(seconds: float = 2) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def test_a_ticket_whose_sending_was_lost_is_sent_after_a_while(
    app: Flask, sent: list[UUID]
) -> None:
    ticket = order(app, "lost")
    assert look(later(), NOTHING) == 0, "its own process may still be sending it"
    change(ticket, sent_at=1.0)
    assert look(later(), NOTHING) == 1
    assert look(later(), NOTHING) == 0
    assert sent == [ticket]


def test_due_work_is_sent_when_it_is_due(app: Flask, sent: list[UUID]) -> None:
    ticket = order(app, "acceptance", due=clock.now() + timedelta(days=14))
    assert look(later(), NOTHING) == 0
    assert look(later(14 * 86400 + 2), NOTHING) == 1
    assert sent == [ticket]


def test_the_demonstrations_clock_makes_work_due(app: Flask, sent: list[UUID]) -> None:
    ticket = order(app, "acceptance", due=clock.now() + timedelta(days=14))
    with unit_of_work(app) as db:
        clock.advance(db, timedelta(days=15))
    look(clock.now(), NOTHING)
    embedded = engine().dialect.name == "sqlite"
    assert sent == ([ticket] if embedded else [])


def test_more_than_a_batch_is_sent_in_one_look(app: Flask, sent: list[UUID]) -> None:
    with unit_of_work(app) as db:
        for n in range(BATCH + 20):
            enqueue(db, "trial", once=f"limit:{n}", due=later(60))
    assert look(later(62), NOTHING) == BATCH + 20
    assert len(set(sent)) == BATCH + 20


def test_dead_workers_are_noticed_even_if_redis_is_away(
    app: Flask, sent: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = order(app, "cut off")
    claims.claim(ticket)
    change(ticket, lease_until=1.0)

    def away(_ids: list[UUID]) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(queue, "send", away)
        with pytest.raises(redis.RedisError):
            look(later(), NOTHING)
    assert look(later(), NOTHING) == 1
    assert sent == [ticket]


def test_tickets_whose_worker_died_are_tried_one_at_a_time(app: Flask, sent: list[UUID]) -> None:
    tickets = {order(app, f"companion {n}") for n in range(3)}
    for ticket in tickets:
        claims.claim(ticket)
        change(ticket, lease_until=1.0)
    assert look(later(), NOTHING) == 1
    assert look(later(), NOTHING) == 0, "the first of them has not begun yet"
    mine = claims.claim(sent[0])
    assert mine is not None
    assert look(later(), NOTHING) == 0, "it runs"
    with Session(engine()) as db:
        claims.finish(db, mine)
        db.commit()
    assert look(later(), NOTHING) == 1
    assert len(set(sent)) == 2


def test_the_calendar_asks_once_in_each_period(app: Flask) -> None:
    daily = Periodic("audit.checkpoint", DAY, Job.FORGET_TICKETS)
    often = Periodic("files.rescan", timedelta(minutes=10), Job.FORGET_TICKETS)
    noon = datetime(2026, 11, 23, 12, 5, tzinfo=HKT)
    with Session(engine()) as db:
        for planner in (Planner((daily, often)), Planner((daily, often))):  # two relays
            for minutes in (0, 1, 9):
                planner.plan(db, noon + timedelta(minutes=minutes))
        Planner((daily,)).plan(db, noon + timedelta(days=15))  # days without a relay
        names = set(db.exec(select(Ticket.once)))
    assert names == {
        "audit.checkpoint:2026-11-23",
        "files.rescan:2026-11-23T12:00:00",
        "files.rescan:2026-11-23T12:10:00",
        "audit.checkpoint:2026-12-08",
    }


def test_a_day_begins_at_three_in_hong_kong() -> None:
    daily = Periodic("d", DAY, Job.FORGET_TICKETS)
    assert daily.once(datetime(2026, 11, 23, 2, 59, tzinfo=HKT)) == "d:2026-11-22"
    assert daily.once(datetime(2026, 11, 23, 3, 0, tzinfo=HKT)) == "d:2026-11-23"


def test_only_the_calendars_own_old_tickets_are_forgotten(app: Flask) -> None:
    with unit_of_work(app) as db:
        for job in (Job.FORGET_TICKETS, Job.SEND_MAIL):
            for days in (1, 8):
                ticket = enqueue(db, job, once=f"{job}:{days}")
                ticket.state = State.DONE
                ticket.finished_at = clock.now() - timedelta(days=days)
                db.add(ticket)
        db.flush()
        forget_tickets(db)
        left = set(db.exec(select(Ticket.once).order_by(col(Ticket.once))))
    assert left == {"forget_tickets:1", "send_mail:1", "send_mail:8"}


def test_every_job_has_its_work_and_every_work_its_job() -> None:
    from jobs.worker import import_jobs

    import_jobs()
    known = {name for name in running.WORK if not name.startswith(("test_", "trial"))}
    assert known == set(Job)
