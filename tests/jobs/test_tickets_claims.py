"""One worker at a time, late ones count for nothing, and what can be seen while one works."""

import threading

import pytest
from flask import Flask
from sqlmodel import Session, select

from jobs import running
from jobs.heartbeat import heartbeat
from portal.infra import claims, clock
from portal.infra.db import engine, unit_of_work
from portal.infra.tickets import (
    State,
    Ticket,
    cancel,
    let_go,
    progress,
)
from tests.jobs.drawing import JOB, Drawn, drawn, now_of, order, overdue, work

__all__ = ["work"]


def test_a_dead_workers_ticket_is_taken_over_when_its_lease_ends(app: Flask, work: dict) -> None:
    ticket = order(app)
    claims.claim(ticket.id)
    assert not running.run_ticket(app, ticket.id), "somebody works on it"
    with unit_of_work(app) as db:
        assert claims.take_over(db, clock.now()) == 0
    overdue(app, ticket, lease_until=0.0)
    with unit_of_work(app) as db:
        assert claims.take_over(db, clock.now()) == 1
    assert running.run_ticket(app, ticket.id)
    assert drawn(app) == [7]


def test_a_late_worker_changes_nothing(app: Flask, work: dict) -> None:
    ticket = order(app)
    draws = work["run"]

    def slow(db: Session, *, label: int) -> None:
        """Loses the ticket while it works; the other worker finishes first."""
        work["run"] = draws
        overdue_elsewhere(ticket)
        assert running.run_ticket(app, ticket.id)
        db.add(Drawn(label=-label))

    def overdue_elsewhere(late: Ticket) -> None:
        with Session(engine()) as db:
            db.get_one(Ticket, late.id).lease_until = 0.0
            db.flush()  # and no commit yet: the heartbeat would renew the lease
            claims.take_over(db, clock.now())
            db.commit()

    work["run"] = slow
    running.run_ticket(app, ticket.id)
    assert drawn(app) == [7]
    assert now_of(app).state == State.DONE


def test_work_that_kills_its_worker_stops_after_three_starts(app: Flask, work: dict) -> None:
    ticket = order(app)
    starts = 0
    while now_of(app).state != State.FAILED:
        starts += claims.claim(ticket.id) is not None
        overdue(app, ticket, lease_until=0.0)
        with unit_of_work(app) as db:
            claims.take_over(db, clock.now())
    assert starts == 3
    assert now_of(app).problem == "WorkerDied"


def test_a_stopping_worker_hands_back_what_it_cannot_finish(app: Flask, work: dict) -> None:
    begun, go_on = threading.Event(), threading.Event()
    draws = work["run"]

    def long(db: Session, *, label: int) -> None:
        begun.set()
        go_on.wait(10)
        draws(db, label=-label)

    work["run"] = long
    ticket = order(app)
    thread = threading.Thread(target=running.run_ticket, args=(app, ticket.id))
    thread.start()
    assert begun.wait(10)
    assert heartbeat.hand_back() == 1
    handed_back = now_of(app)
    assert (handed_back.state, handed_back.deaths) == (State.WAITING, 0)
    go_on.set()
    thread.join()
    assert drawn(app) == [], "the process lived on after all, and came late"
    work["run"] = draws
    assert running.run_waiting(app) == 1
    assert drawn(app) == [7]


def test_cancelled_work_is_not_done_even_if_it_has_begun(app: Flask, work: dict) -> None:
    order(app, 1)
    with unit_of_work(app) as db:
        assert cancel(db, once="draw:1")
    assert running.run_waiting(app) == 0
    draws = work["run"]

    def cancelled_meanwhile(db: Session, *, label: int) -> None:
        with Session(engine()) as other:
            assert cancel(other, once="draw:2")
            other.commit()
        draws(db, label=label)

    work["run"] = cancelled_meanwhile
    running.run_ticket(app, order(app, 2).id)
    assert drawn(app) == []
    assert now_of(app, 2).state == State.CANCELLED


def test_progress_is_seen_while_the_job_still_runs(app: Flask, work: dict) -> None:
    seen = []

    def batch(db: Session, *, label: int) -> None:
        list(db.exec(select(Drawn)))
        for n in range(3):
            progress(None, n + 1, 3)
            with Session(engine()) as other:
                seen.append(other.exec(select(Ticket.done, Ticket.total)).one())
        db.add(Drawn(label=label))

    work["run"] = batch
    running.run_ticket(app, order(app).id)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert drawn(app) == [7]


def test_progress_tells_a_worker_that_lost_its_ticket(app: Flask, work: dict) -> None:
    def goes_on(db: Session, *, label: int) -> None:
        with Session(engine()) as other:
            cancel(other, once="draw:7")
            other.commit()
        progress(None, 1, 2)
        raise AssertionError("went on")

    work["run"] = goes_on
    running.run_ticket(app, order(app).id)
    assert now_of(app).problem == ""


def test_the_database_is_free_while_a_job_works_outside_it(app: Flask, work: dict) -> None:
    def calls_out(db: Session, *, label: int) -> None:
        list(db.exec(select(Drawn)))
        let_go(db)
        order(app, 8)  # another process writes meanwhile
        db.add(Drawn(label=label))
        with pytest.raises(RuntimeError):
            let_go(db)

    work["run"] = calls_out
    running.run_ticket(app, order(app).id)
    assert drawn(app) == [7]


def test_a_job_newer_than_the_worker_waits_for_a_newer_worker(
    app: Flask, work: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = order(app)
    monkeypatch.delitem(running.WORK, JOB)
    assert not running.run_ticket(app, ticket.id)
    assert (now_of(app).state, now_of(app).problem) == (State.WAITING, "UnknownJob")
