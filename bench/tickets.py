"""What a ticket costs the request that writes it, and how soon its work begins.

The goals are for PostgreSQL with fsync on; SQLite as the portal sets it is stated beside it.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import redis
from flask import Flask
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from bench.common import end, figure, interleaved, median_ratio, percentile
from bench.peers.tickets import INSERT, bare_insert, stock_queue
from bench.supplies.ticket_workers import BEGAN, JOB
from portal.infra import db, queue
from portal.infra.settings import use_settings
from portal.infra.tickets import enqueue
from tests.services import postgres_server, redis_server, wait_until

ANSWERS = "{" + "x" * 2000 + "}"
ROUNDS, EACH = 30, 20
BURSTS, BURST = 4, 250
PACE = 1 / 50
IDLE_ROUNDS, IDLE = 40, 1.5

APP = Flask("portal")
_numbers = iter(range(10**9))


def main() -> None:
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        postgres = stack.enter_context(postgres_server(durable=True)).url
        queue_url = stack.enter_context(redis_server()).url
        held = []
        for url in (postgres, ""):
            # The worker processes read the same from their environment.
            os.environ.update(PORTAL_HOME=home, DATABASE_URL=url, REDIS_URL=queue_url)
            use_settings(None)
            held.append(cost(is_goal=bool(url)))
            held += starts(queue_url, is_goal=bool(url))
    end(held)


def cost(*, is_goal: bool) -> bool:
    """A submission with a ticket to be done now against the submission alone."""
    make_tables()
    ours, peer = interleaved(
        [submit, partial(bare_insert, db.engine(), ANSWERS)], rounds=ROUNDS, each=EACH
    )
    assert queue.flush(5)
    assert counted("ticket") * 2 == counted("bench_submission")
    ratio = median_ratio(ours, peer)
    return figure(
        "tickets",
        f"submission with its ticket, {db.engine().dialect.name}, seconds",
        ours=percentile(ours, 0.5),
        peer=percentile(peer, 0.5),
        peer_name="insert alone, same durability",
        ratio=ratio,
        goal="at most 2 times" if is_goal else "stated",
        holds=ratio <= 2 if is_goal else None,
    )


def starts(url: str, *, is_goal: bool) -> list[bool]:
    """From committed to started, at 50 a second and after idling, against stock Dramatiq."""
    make_tables()
    stock, _ = stock_queue(url, print)
    ways: dict[str, Callable[[int], object]] = {"ours": submit, "stock": partial(tell, stock.send)}
    with worker("ours"), worker("stock"):
        for send in ways.values():
            began_after(send, 1)  # both have booted
        steady: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(BURSTS):
            for name, send in ways.items():
                steady[name] += began_after(send, BURST)
        idle: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(IDLE_ROUNDS):
            time.sleep(IDLE)
            for name, send in ways.items():
                idle[name] += began_after(send, 1)
    return [
        said("at 50 a second", steady, is_goal=is_goal),
        said("after idling", idle, is_goal=is_goal),
    ]


def said(when: str, taken: dict[str, list[float]], *, is_goal: bool) -> bool:
    on = db.engine().dialect.name
    p99 = {name: percentile(values, 0.99) for name, values in taken.items()}
    for name, values in taken.items():
        print(
            f"  {when}, {on}, {name}: n={len(values)} p50={percentile(values, 0.5) * 1000:.2f} ms"
        )
    return figure(
        "tickets",
        f"committed to started {when}, {on}, p99 seconds",
        ours=p99["ours"],
        peer=p99["stock"],
        peer_name="commit, then send by stock Dramatiq",
        goal="under 0.010" if is_goal else "stated",
        holds=p99["ours"] < 0.010 if is_goal else None,
    )


def submit(number: int = 0) -> None:
    """As a request does it: the row and its ticket in one transaction."""
    with APP.app_context(), Session(db.engine(), expire_on_commit=False) as session:
        session.execute(INSERT, {"answers": ANSWERS})
        enqueue(session, JOB, once=f"bench:{next(_numbers)}", number=number)
        session.commit()


def tell(send: Callable[[int], object], number: int) -> None:
    """The peer's way: the row, and after it the message."""
    bare_insert(db.engine(), ANSWERS)
    send(number)


def began_after(send: Callable[[int], object], count: int) -> list[float]:
    """Seconds from sent to begun, of `count` pieces sent at PACE."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    client.delete(BEGAN)
    sent = {}
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + number * PACE - time.monotonic()))
        send(number)
        sent[number] = time.time()
    wait_until(lambda: client.llen(BEGAN) == count)
    lines = [line.split() for line in client.lrange(BEGAN, 0, -1)]
    return [float(moment) - sent[int(number)] for number, moment in lines]


@contextmanager
def worker(which: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "bench.supplies.ticket_workers", which])
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def make_tables() -> None:
    SQLModel.metadata.create_all(db.engine())
    number = "SERIAL" if db.engine().dialect.name == "postgresql" else "INTEGER"
    with db.engine().begin() as connection:
        for table in ("ticket", "bench_submission"):
            connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
        create = f"CREATE TABLE bench_submission (id {number} PRIMARY KEY, answers TEXT)"
        connection.execute(text(create))
    SQLModel.metadata.create_all(db.engine())


def counted(table: str) -> int:
    with db.engine().connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


if __name__ == "__main__":
    main()
