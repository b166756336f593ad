"""The same portal the straightforward way: commit, then send the work to stock Dramatiq.

Nothing is written down about the work: pages, jobs, database and Redis are the portal's own.
`python -m tests.faults.straightforward` is its worker.
"""

import os
import sys
import time
from datetime import datetime

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker
from flask import Flask
from sqlalchemy import event
from sqlmodel import Session

from jobs.running import WORK
from jobs.worker import import_jobs
from portal.factory import create_app
from portal.infra import printing, tickets
from portal.infra.db import unit_of_work
from portal.infra.settings import settings

ACTOR = "straightforward"


def web_app() -> Flask:
    """The portal with another `enqueue` in every module that has one."""
    made, ours = create_app(), tickets.enqueue
    for module in list(sys.modules.values()):
        if vars(module).get("enqueue") is ours:
            module.enqueue = remember  # type: ignore[attr-defined]
    broker = stock_broker(made)
    event.listen(Session, "after_commit", lambda db: tell(db, broker))
    event.listen(Session, "after_rollback", lambda db: db.info.pop("to_tell", None))
    return made


def remember(
    db: Session, job: str, *, once: str, due: datetime | None = None, total: int = 0, **args: object
) -> None:
    """What is to be done later than now is left out: no test waits for it."""
    if due is None:
        db.info.setdefault("to_tell", []).append((str(job), args))


def tell(db: Session, broker: RedisBroker) -> None:
    for job, args in db.info.pop("to_tell", []):
        try:
            broker.get_actor(ACTOR).send(job, args)
        except Exception as error:
            # The application is kept and the person has an answer; what else could be done?
            sys.stderr.write(f"not sent: {type(error).__name__}\n")


def stock_broker(app: Flask) -> RedisBroker:
    """Stock Dramatiq beside the portal's own queue, set to recover as soon as it can."""
    broker = RedisBroker(
        url=settings().redis,
        namespace=ACTOR,
        heartbeat_timeout=3000,
        maintenance_chance=1_000_000,
    )

    def do(job: str, args: dict[str, object]) -> None:
        with unit_of_work(app) as db:
            WORK[job].run(db, **args)

    dramatiq.actor(actor_name=ACTOR, broker=broker)(do)
    return broker


def main() -> None:
    app = create_app()
    import_jobs()
    printing.warm()
    # As the portal's own workers: people who wait for a page come first.
    os.nice(5)
    Worker(stock_broker(app), worker_threads=2).start()
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
