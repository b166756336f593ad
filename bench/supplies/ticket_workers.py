"""A worker process for the bench, ours or stock: notes in Redis when each piece of work began."""

import sys
import time
from functools import cache

import redis
from flask import Flask
from sqlmodel import Session

from bench.peers.tickets import stock_queue
from jobs.running import WORK, Work
from jobs.serving import serve
from portal.infra.settings import settings

BEGAN = "bench:began"
JOB = "bench_begin"


def main(which: str) -> None:
    if which == "stock":
        stock()
    else:
        WORK[JOB] = Work(begin, max_attempts=1, seconds=60)
        serve(Flask("portal"))


def begin(_db: Session, *, number: int) -> None:
    """The work: note that it has begun."""
    note(number)


def note(number: int) -> None:
    began = time.time()
    _client().rpush(BEGAN, f"{number} {began}")


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings().redis)


def stock() -> None:
    _, worker = stock_queue(settings().redis, note)
    worker.start()
    time.sleep(3600)


if __name__ == "__main__":
    main(sys.argv[1])
