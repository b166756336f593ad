"""The relay: `python -m jobs.relay`. Finds in the database what the queue does not know of.

Due tickets, tickets whose sending came to nothing, tickets of dead workers, and what the
calendar asks for. Several may run; each ticket still runs once.
"""

import logging
import signal
import sys
import threading
from datetime import datetime, timedelta
from types import FrameType
from uuid import UUID

import redis
from sqlalchemy import and_, or_, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from jobs.clock import Planner
from portal.infra import claims, clock, logs, queue
from portal.infra.database_clock import database_clock
from portal.infra.db import engine
from portal.infra.settings import NotReady, settings
from portal.infra.tickets_models import State, Ticket

log = logging.getLogger(__name__)

# Seconds between two looks.
INTERVAL = 0.5
# Seconds a sent ticket may wait before it is sent again; the queue drops what it still knows.
GRACE = 10.0
# Tickets sent in one go.
BATCH = 500
# Work is woken so much after it is due that no worker's clock finds it early.
CLOCKS_APART = timedelta(seconds=1)


def main() -> None:
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    logs.configure()
    try:
        settings().prove()
    except NotReady as lacking:
        sys.exit(str(lacking))
    log.info("relay ready")
    keep_looking(stop)


def keep_looking(stop: threading.Event) -> None:
    """Look every INTERVAL until asked to stop; an outage is waited for."""
    reachable, planner = True, Planner()
    while not stop.wait(INTERVAL):
        try:
            look(clock.now(), planner)
            reachable = True
        except (DBAPIError, redis.RedisError) as error:
            if reachable:
                log.warning("waiting for the database or the queue: %s", type(error).__name__)
            reachable = False


def look(now: datetime, planner: Planner) -> int:
    """One look; how many tickets were sent.

    Raises:
        DBAPIError: the database is away.
        redis.RedisError: the queue is; tickets of dead workers were taken over all the same.
    """
    with Session(engine()) as db:
        _take_over(db, now)
        planner.plan(db, now)
        return _send_due(db, now - CLOCKS_APART)


def _take_over(db: Session, now: datetime) -> None:
    if silent := claims.take_over(db, now):
        log.warning("took over %s tickets of silent workers", silent)
    db.commit()


def _send_due(db: Session, now: datetime) -> int:
    sent = 0
    while due := _unsent(db, now):
        db.commit()  # Redis may be slow; no transaction waits for it.
        queue.send(due)
        _note_sent(db, due)
        sent += len(due)
        if len(due) < BATCH:
            break
    db.commit()
    return sent


def _unsent(db: Session, now: datetime) -> list[UUID]:
    """What waits and is due and not known to be in the queue.

    Of tickets whose worker died, one at a time: the one that kills its worker then takes no
    other down with it three times.
    """
    waiting = (
        select(Ticket.id)
        .where(
            col(Ticket.state) == State.WAITING,
            or_(col(Ticket.due) <= now, col(Ticket.sent_at) > 0),
            col(Ticket.sent_at) < database_clock() - GRACE,
        )
        .order_by(col(Ticket.due))
    )
    found = list(db.exec(waiting.where(col(Ticket.deaths) == 0).limit(BATCH)))
    tried_now = select(Ticket.id).where(
        col(Ticket.deaths) > 0,
        or_(
            and_(
                col(Ticket.state) == State.WAITING,
                col(Ticket.sent_at) >= database_clock() - GRACE,
            ),
            col(Ticket.state) == State.RUNNING,
        ),
    )
    if db.exec(tried_now.limit(1)).first() is None:
        found += db.exec(waiting.where(col(Ticket.deaths) > 0).limit(1))
    return found


def _note_sent(db: Session, sent: list[UUID]) -> None:
    db.execute(
        update(Ticket)
        .where(col(Ticket.id).in_(sent))
        .values(sent_at=database_clock())
        .execution_options(synchronize_session=False)
    )
    db.commit()


if __name__ == "__main__":
    main()
