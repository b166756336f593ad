"""What runs by the calendar: one table, turned into due tickets by the relay."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Session, col

from jobs.running import job
from portal.infra import clock
from portal.infra.tickets import Job, enqueue
from portal.infra.tickets_models import State, Ticket
from portal.kernel.hktime import HKT

DAY = timedelta(days=1)
# Periods of days begin at three in the morning in Hong Kong, when few people are about.
FIRST_PERIOD = datetime(2000, 1, 1, 3, tzinfo=HKT)
# Tickets of the calendar that are done are of interest for a week.
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work done once in every period. One run must do for all periods that were missed."""

    name: str
    every: timedelta
    job: Job

    def once(self, now: datetime) -> str:
        """The name of the present period's ticket: "audit.checkpoint:2026-11-23"."""
        since = now.astimezone(HKT) - FIRST_PERIOD
        begins = FIRST_PERIOD + since // self.every * self.every
        return f"{self.name}:{begins:%Y-%m-%d}" + (
            "" if self.every >= DAY else f"T{begins:%H:%M:%S}"
        )


CALENDAR: tuple[Periodic, ...] = (
    Periodic("tickets.forget", DAY, Job.FORGET_TICKETS),
    Periodic("files.lost", DAY, Job.COLLECT_LOST_FILES),
    Periodic("audit.checkpoint", timedelta(hours=1), Job.AUDIT_CHECKPOINT),
    Periodic("lists.look", timedelta(hours=1), Job.LOOK_AT_LISTS),
    Periodic("own_keys.renew", DAY, Job.RENEW_OWN_KEYS),
    Periodic("certificates.remind", DAY, Job.REMIND_OF_ENDS),
)


@dataclass(slots=True)
class Planner:
    """Writes the tickets of periods that have begun; remembers which it has written."""

    calendar: tuple[Periodic, ...] = CALENDAR
    written: dict[str, str] = field(default_factory=dict)

    def plan(self, db: Session, now: datetime) -> int:
        """Commit the tickets of the present periods; how many were asked for."""
        begun = [
            (p, once) for p in self.calendar if self.written.get(p.name) != (once := p.once(now))
        ]
        for periodic, once in begun:
            enqueue(db, periodic.job, once=once)
        db.commit()
        self.written.update({periodic.name: once for periodic, once in begun})
        return len(begun)


@job(Job.FORGET_TICKETS)
def forget_tickets(db: Session) -> None:
    """Drop the calendar's own tickets that were done a week ago; all others stay on record."""
    db.execute(
        delete(Ticket).where(
            col(Ticket.job).in_([periodic.job for periodic in CALENDAR]),
            col(Ticket.state) == State.DONE,
            col(Ticket.finished_at) < clock.now() - KEPT,
        )
    )
