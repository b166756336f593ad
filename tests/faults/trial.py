"""A small program with tickets in it, run as several processes so that each can be killed.

`python -m tests.faults.trial worker|relay|web ...`; with `naive-` in front the same work the
straightforward way: commit, then send to stock Dramatiq, whose actor commits the effect.
"""

import os
import random
import signal
import sys
import time
from functools import partial

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker
from flask import Flask
from sqlmodel import Field, Session, SQLModel

from jobs import heartbeat, relay
from jobs.clock import Planner
from jobs.running import WORK, Work
from jobs.serving import serve
from portal.infra import claims
from portal.infra.db import engine
from portal.infra.settings import settings
from portal.infra.tickets import enqueue

JOB, POISON = "trial_effect", "trial_poison"


class Submission(SQLModel, table=True):
    """What somebody handed in."""

    __tablename__ = "trial_submission"

    number: int = Field(primary_key=True)


class Effect(SQLModel, table=True):
    """What must happen once for each submission; nothing in the table keeps it from twice."""

    __tablename__ = "trial_effect"

    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(index=True)


def effect(db: Session, *, number: int) -> None:
    """A few milliseconds of work on either side of the change."""
    time.sleep(random.uniform(0.001, 0.02))
    db.add(Effect(number=number))
    db.flush()
    time.sleep(random.uniform(0.001, 0.01))


def poison(_db: Session, *, number: int) -> None:
    """Takes its worker with it, after its neighbours have begun."""
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def web(first: int, count: int, pace: float, acknowledged: str, naive: bool) -> None:
    """Hand in `count` submissions; each is acknowledged in a file once it is committed.

    Started again, it hands in again whatever was not acknowledged, as people do.
    """
    broker = naive_broker() if naive else None
    with open(acknowledged, "a", buffering=1) as answers:
        for number in range(first, count):
            time.sleep(pace)
            with Session(engine()) as db:
                new = db.get(Submission, number) is None
                if new:
                    db.add(Submission(number=number))
                if not naive:
                    enqueue(db, JOB, once=f"trial:{number}", number=number)
                db.commit()
            if broker and new:
                tell(broker, number)
            answers.write(f"{number}\n")


def naive_broker() -> RedisBroker:
    """Stock Dramatiq with the settings that recover soonest; retries as it has them."""
    broker = RedisBroker(url=settings().redis, heartbeat_timeout=3000, maintenance_chance=1_000_000)
    dramatiq.set_broker(broker)
    dramatiq.actor(actor_name="naive", broker=broker)(naive_effect)
    return broker


def naive_effect(number: int) -> None:
    with Session(engine()) as db:
        effect(db, number=number)
        db.commit()


def tell(broker: RedisBroker, number: int) -> None:
    try:
        broker.get_actor("naive").send(number)
    except Exception as error:
        # The submission is kept and the person has an answer; what else could be done here?
        sys.stderr.write(f"not sent: {type(error).__name__}\n")


def naive_worker() -> None:
    Worker(naive_broker(), worker_threads=4).start()
    while True:
        time.sleep(1)


def main(role: str, *more: str) -> None:
    if lease := os.environ.get("TRIAL_LEASE"):
        claims.LEASE = float(lease)
        heartbeat.INTERVAL = float(lease) / 4
        relay.GRACE = min(relay.GRACE, float(lease))
    match role:
        case "worker":
            WORK[JOB] = Work(effect, max_attempts=20, seconds=60)
            WORK[POISON] = Work(poison, max_attempts=20, seconds=60)
            serve(Flask("portal"))
        case "relay":
            relay.Planner = partial(Planner, ())  # type: ignore[misc, assignment]
            relay.main()
        case "naive-worker":
            naive_worker()
        case "web" | "naive-web":
            first, count, pace, acknowledged = more
            web(int(first), int(count), float(pace), acknowledged, role.startswith("naive"))
        case _:
            raise ValueError(role)


if __name__ == "__main__":
    main(*sys.argv[1:])
