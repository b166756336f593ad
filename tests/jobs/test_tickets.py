"""What a ticket promises to the code that writes one and to the job that does it."""

import logging
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlmodel import Session, select

from jobs import running
from portal.infra import clock
from portal.infra.db import unit_of_work
from portal.infra.tickets import (
    NeedsStaff,
    State,
    enqueue,
    needing_staff,
    ticket_named,
    try_again,
)
from tests.jobs.drawing import JOB, Drawn, drawn, now_of, order, overdue, work

__all__ = ["work"]


def test_work_asked_for_twice_is_one_ticket_and_done_once(app: Flask, work: dict) -> None:
    first, again = order(app), order(app)
    assert first.id == again.id
    assert work["sent"] == [first.id]
    assert running.run_ticket(app, first.id)
    assert not running.run_ticket(app, first.id), "the same message delivered again"
    assert drawn(app) == [7]
    assert now_of(app).state == State.DONE
    assert now_of(app).attempts == 1


def test_two_transactions_asking_at_once_make_one_ticket(app: Flask, work: dict) -> None:
    made, start = [], threading.Barrier(8)

    def ask() -> None:
        start.wait()
        made.append(order(app).id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert work["sent"] == [made[0]]


def test_a_rolled_back_order_is_neither_kept_nor_sent(app: Flask, work: dict) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work(app) as db:
        enqueue(db, JOB, once="draw:7", label=7)
        raise ZeroDivisionError
    assert work["sent"] == []
    with unit_of_work(app) as db:
        assert ticket_named(db, "draw:7") is None


def test_work_due_later_is_not_sent_at_commit(app: Flask, work: dict) -> None:
    order(app, due=clock.now() + timedelta(days=14))
    assert work["sent"] == []
    assert running.run_waiting(app) == 0


def test_a_failed_job_leaves_nothing_and_is_tried_again_later(app: Flask, work: dict) -> None:
    def half_done(db: Session, *, label: int) -> None:
        db.add(Drawn(label=label))
        db.flush()
        raise ValueError("A123456(3) is what the person wrote")

    work["run"] = half_done
    ticket = order(app)
    running.run_ticket(app, ticket.id)
    waiting = now_of(app)
    assert drawn(app) == []
    assert waiting.state == State.WAITING
    assert waiting.due > clock.now()
    assert waiting.problem.startswith("ValueError at tests/jobs/test_tickets.py:")
    assert not running.run_ticket(app, ticket.id), "before its time"


def test_after_its_last_start_a_job_needs_staff_who_may_try_again(app: Flask, work: dict) -> None:
    draws = work["run"]
    work["run"] = lambda db, *, label: 1 / 0
    ticket = order(app)
    for _ in range(3):
        overdue(app, ticket, due=clock.now() - timedelta(seconds=1))
        assert running.run_ticket(app, ticket.id)
    assert now_of(app).state == State.FAILED
    with unit_of_work(app) as db:
        assert [t.id for t in needing_staff(db)] == [ticket.id]
        assert try_again(db, ticket.id)
    work["run"] = draws
    assert running.run_waiting(app) == 1
    assert drawn(app) == [7]
    with unit_of_work(app) as db:
        assert not try_again(db, ticket.id)


def test_what_a_person_wrote_is_in_no_log_and_on_no_ticket(
    app: Flask, work: dict, caplog: pytest.LogCaptureFixture
) -> None:
    def quotes(db: Session, *, label: int) -> None:
        answer = "CHAN Tai Man"
        db.execute(select(Drawn).where(Drawn.label == answer, Drawn.id == 1 / 0))

    work["run"] = quotes
    with caplog.at_level(logging.DEBUG):
        running.run_ticket(app, order(app).id)
    assert "ZeroDivisionError" in caplog.text
    assert "CHAN" not in caplog.text + now_of(app).problem


def test_a_job_that_needs_staff_keeps_what_it_noted(app: Flask, work: dict) -> None:
    def refused(db: Session, *, label: int) -> None:
        db.add(Drawn(label=-label))
        raise NeedsStaff("smtp 550")

    work["run"] = refused
    running.run_ticket(app, order(app).id)
    assert drawn(app) == [-7]
    assert (now_of(app).state, now_of(app).problem) == (State.FAILED, "smtp 550")
