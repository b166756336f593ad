"""The straightforward way, as peer of the tickets: keep a row, then tell stock Dramatiq of it."""

from collections.abc import Callable
from typing import Any

from dramatiq import Actor, Worker, actor
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import Engine, text
from sqlmodel import Session

INSERT = text("INSERT INTO bench_submission (answers) VALUES (:answers)")


def bare_insert(engine: Engine, answers: str) -> None:
    """A submission kept as durably as the database keeps anything; no work follows from it.

    In a session, as the routes have one, so that the difference is the tickets'.
    """
    with Session(engine, expire_on_commit=False) as session:
        session.execute(INSERT, {"answers": answers})
        session.commit()


def stock_queue(url: str, begin: Callable[[int], None]) -> tuple[Actor[Any, Any], Worker]:
    """An actor of stock Dramatiq that begins piece of work `number`, and a worker for it."""
    broker = RedisBroker(url=url, namespace="stock")
    made = actor(actor_name="begin", queue_name="stock", broker=broker)(begin)
    return made, Worker(broker, worker_threads=4)
