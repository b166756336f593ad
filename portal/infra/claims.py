"""Who is working on a ticket: claims with a lease, and a fence against those who come late."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

from flask import has_app_context
from sqlalchemy import CursorResult, Engine, bindparam, case, event, literal, or_, update
from sqlalchemy.orm import ORMExecuteState
from sqlmodel import Session, col

from portal.infra import clock
from portal.infra.database_clock import database_clock
from portal.infra.db import engine, session
from portal.infra.tickets_models import State, Ticket

# Seconds without renewal after which a worker counts as dead.
LEASE = 15.0
# A job whose worker died this often is not started again: it may be what kills them.
MAX_DEATHS = 3
DIED = "WorkerDied"


class ClaimLost(Exception):
    """The ticket was cancelled or given to another worker: what this one did must not count."""


class NeedsStaff(Exception):
    """Trying again will not help. Said by a job; what it changed is kept, the ticket fails.

    Its one argument is a word for staff ("smtp 550"), never what a person wrote.
    """


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to do a ticket's work, valid while the fence's number stands."""

    ticket_id: UUID
    fence: int
    job: str
    args: dict[str, Any]
    attempts: int


held: ContextVar[Claim | None] = ContextVar("held", default=None)
"""The claim under which the present thread works."""


def claim(ticket_id: UUID) -> Claim | None:
    """Take a ticket that waits and is due; None if it does not, or another worker has it.

    One conditional UPDATE in a transaction of its own, so of two workers with the same
    message one gets through, and the start is counted before it can kill anything.
    """
    with _at_once(engine()).begin() as connection:
        row = connection.execute(
            _claim(), {"ticket": ticket_id, "now": clock.now(), "lease": LEASE}
        ).one_or_none()
    return Claim(ticket_id, *row) if row else None


@cache
def _claim() -> Any:
    # Past the session and made once: this stands between every commit and the work it caused.
    ticket = Ticket.__table__.c  # type: ignore[attr-defined]
    return (
        update(Ticket.__table__)  # type: ignore[attr-defined]
        .where(
            ticket.id == bindparam("ticket", type_=ticket.id.type),
            ticket.state == literal(State.WAITING.value),
            # A first start was sent because it is due; a repeat must wait its time.
            or_(ticket.attempts == 0, ticket.due <= bindparam("now", type_=ticket.due.type)),
        )
        .values(
            state=State.RUNNING.value,
            attempts=ticket.attempts + 1,
            fence=ticket.fence + 1,
            lease_until=database_clock() + bindparam("lease"),
        )
        .returning(ticket.fence, ticket.job, ticket.args, ticket.attempts)
    )


@lru_cache(maxsize=4)
def _at_once(found: Engine) -> Engine:
    """For one statement by itself: PostgreSQL then needs one round trip instead of three."""
    if found.dialect.name == "postgresql":
        return found.execution_options(isolation_level="AUTOCOMMIT")
    return found


def finish(db: Session, mine: Claim, state: State = State.DONE, problem: str = "") -> None:
    """Note the end in the transaction that holds the work's effect.

    Raises:
        ClaimLost: another worker has the ticket; the caller must roll back.
    """
    db.flush()
    ended = {"state": state, "problem": problem, "finished_at": clock.now(), "lease_until": 0.0}
    if not _change(db, mine, **ended):
        raise ClaimLost


def renew(claims: Iterable[Claim]) -> list[Claim]:
    """Lengthen the leases; returns the claims that are lost."""
    with Session(engine()) as db:
        until = database_clock() + LEASE
        lost = [mine for mine in claims if not _change(db, mine, lease_until=until)]
        db.commit()
    return lost


def give_back(mine: Claim, *, after: timedelta, problem: str = "") -> None:
    """Let the ticket be started again, at the earliest `after` this; nothing if it was lost."""
    with Session(engine()) as db:
        due = {"due": clock.now() + after} if after else {}
        _change(db, mine, state=State.WAITING, problem=problem, sent_at=0.0, **due)
        db.commit()


def fail(mine: Claim, problem: str) -> None:
    """Leave the ticket to staff; nothing if it was lost."""
    with Session(engine()) as db:
        _change(db, mine, state=State.FAILED, problem=problem, finished_at=clock.now())
        db.commit()


def take_over(db: Session, now: datetime) -> int:
    """Put the tickets of silent workers back, or aside after MAX_DEATHS; how many there were."""
    last = col(Ticket.deaths) + 1 >= MAX_DEATHS
    taken = db.execute(
        update(Ticket)
        .where(col(Ticket.state) == State.RUNNING, col(Ticket.lease_until) < database_clock())
        .values(
            state=case((last, State.FAILED.value), else_=State.WAITING.value),
            finished_at=case((last, now), else_=None),
            deaths=col(Ticket.deaths) + 1,
            problem=DIED,
            sent_at=0.0,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return taken.rowcount


def progress(ticket: Ticket | None, done: int, total: int | None = None) -> None:
    """From inside a job: show how far it is, at once, and lengthen its lease.

    Without a ticket, the one being worked on. What the job has written stays uncommitted;
    on SQLite, whose one writer then is the job itself, the figures wait for the next call.

    Raises:
        ClaimLost: the ticket was cancelled or taken over; let it pass, the work is undone.
    """
    mine = held.get()
    which = ticket.id if ticket is not None else mine.ticket_id if mine else None
    if which is None or (has_app_context() and not _let_writers_in(session())):
        return
    shown = {"done": done} | ({} if total is None else {"total": total})
    with Session(engine()) as db:
        if mine and mine.ticket_id == which:
            if not _change(db, mine, lease_until=database_clock() + LEASE, **shown):
                raise ClaimLost
        else:
            db.execute(update(Ticket).where(col(Ticket.id) == which).values(**shown))
        db.commit()


def let_go(db: Session) -> None:
    """End the transaction of a job that has only read, before slow work outside the database.

    SQLite's write lock must not be held while a mail server thinks.

    Raises:
        RuntimeError: something was written, which may be kept only with the ticket's end.
    """
    if has_written(db):
        raise RuntimeError("written already: only the ticket's end may commit this")
    db.commit()


def has_written(db: Session) -> bool:
    """Whether the present transaction holds changes, flushed or not."""
    return bool(db.new or db.dirty or db.deleted or db.info.get("written"))


@event.listens_for(Session, "do_orm_execute")
def _note_statement(statement: ORMExecuteState) -> None:
    if not statement.is_select:
        statement.session.info["written"] = True


@event.listens_for(Session, "after_flush")
def _note_flush(db: Session, _context: object) -> None:
    db.info["written"] = True


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_rollback")
def _note_end(db: Session) -> None:
    db.info.pop("written", None)


def _let_writers_in(db: Session) -> bool:
    if db.get_bind().dialect.name != "sqlite" or not db.in_transaction():
        return True
    if has_written(db):
        return False
    db.commit()
    return True


def _change(db: Session, mine: Claim, **values: Any) -> bool:
    """Change the ticket if the claim still holds. The row stays locked until `db` commits."""
    changed = db.execute(
        update(Ticket)
        .where(
            col(Ticket.id) == mine.ticket_id,
            col(Ticket.state) == State.RUNNING,
            col(Ticket.fence) == mine.fence,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult)
    return changed.rowcount == 1
