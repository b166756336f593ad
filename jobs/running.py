"""How a job runs: claim its ticket, do the work, keep the effect and the ticket's end together."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec
from uuid import UUID

from flask import Flask
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from jobs.heartbeat import heartbeat
from portal.infra import claims, clock
from portal.infra.claims import Claim, ClaimLost, NeedsStaff
from portal.infra.db import engine, unit_of_work
from portal.infra.faults import place_of
from portal.infra.tickets import Job
from portal.infra.tickets_models import State, Ticket

log = logging.getLogger(__name__)
P = ParamSpec("P")

# Seconds before the second, third, ... start; the last holds for all that follow.
DELAYS = (2, 10, 30, 120, 300)
# How long a lost database is waited for before an end is left to the relay.
DATABASE_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Work:
    """What `@job` was told about a job."""

    run: Callable[..., None]
    max_attempts: int
    seconds: float


WORK: dict[str, Work] = {}
"""Every job that was imported, by its name."""


def job(
    name: Job, *, max_attempts: int = 5, seconds: float = 600
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a function the work for `name`; it can still be called as it is.

    The function gets a session and the ticket's arguments. Its changes and the ticket's
    "done" are committed together, and only while the claim holds, so work that was cut off
    leaves nothing and is done again, and a worker that comes late changes nothing. An error
    is tried again after DELAYS until `max_attempts` starts; then the ticket needs staff. Work
    that takes longer than `seconds` is interrupted.
    """

    def register(work: Callable[P, None]) -> Callable[P, None]:
        assert name not in WORK, f"{name} is there twice"
        WORK[name] = Work(work, max_attempts, seconds)
        return work

    return register


def run_ticket(app: Flask, ticket_id: UUID) -> bool:
    """Do a ticket's work once; False if there was nothing to do for us. Never raises an error."""
    mine = claims.claim(ticket_id)
    if mine is None:
        return False
    work = WORK.get(mine.job)
    if work is None:
        # A newer web server knows more jobs than this worker; the next worker will do it.
        claims.give_back(mine, after=timedelta(seconds=DELAYS[-1]), problem="UnknownJob")
        return False
    token = claims.held.set(mine)
    try:
        with heartbeat.over(mine, work.seconds):
            _do(app, mine, work)
    except ClaimLost:
        log.warning("ticket %s (%s): claim lost, nothing kept", ticket_id, mine.job)
    except BaseException as error:
        _end_badly(mine, work, place_of(error))
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
    finally:
        claims.held.reset(token)
    return True


def run_waiting(app: Flask) -> int:
    """Run every ticket that is due, in this process, until none is left; how many started.

    What the workers do, without them: for tests and for a portal that is being set up.
    """
    started = 0
    while due := _due_now():
        started += sum([run_ticket(app, ticket_id) for ticket_id in due])
    return started


def _do(app: Flask, mine: Claim, work: Work) -> None:
    with unit_of_work(app) as db:
        try:
            work.run(db, **mine.args)
        except NeedsStaff as reason:
            claims.finish(db, mine, State.FAILED, str(reason))
            log.error("ticket %s (%s) needs staff: %s", mine.ticket_id, mine.job, reason)
        else:
            claims.finish(db, mine)


def _end_badly(mine: Claim, work: Work, problem: str) -> None:
    last = mine.attempts >= work.max_attempts
    log.error(
        "ticket %s (%s), start %s of %s: %s",
        mine.ticket_id, mine.job, mine.attempts, work.max_attempts, problem,
    )  # fmt: skip
    delay = timedelta(seconds=DELAYS[min(mine.attempts, len(DELAYS)) - 1])

    def note() -> None:
        if last:
            claims.fail(mine, problem)
        else:
            claims.give_back(mine, after=delay, problem=problem)

    _patiently(note)


def _patiently(note: Callable[[], None]) -> None:
    """Put the end on record even if the database is just being restarted."""
    give_up = time.monotonic() + DATABASE_PATIENCE
    while True:
        try:
            return note()
        except DBAPIError as error:
            if time.monotonic() > give_up:
                log.error("left to the relay: %s", type(error).__name__)
                return None
            time.sleep(0.5)


def _due_now() -> list[UUID]:
    with Session(engine()) as db:
        due = select(Ticket.id).where(Ticket.state == State.WAITING, col(Ticket.due) <= clock.now())
        return list(db.exec(due.order_by(col(Ticket.due))))
