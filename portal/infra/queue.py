"""Telling the workers, through Redis, which tickets to look at; losing that word loses no work."""

import atexit
import logging
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from uuid import UUID

import dramatiq
import redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.retry import Retry

from portal.infra.settings import settings

log = logging.getLogger(__name__)

QUEUE = "default"
ACTOR = "run_ticket"
NAMESPACE = "dramatiq"
# Seconds that a silent Redis may take of the sending thread, per try.
TIMEOUT = 0.5
# Seconds between two sendings: the first ticket goes at once, of many in a row several together,
# so that sending takes little of the processor from the requests.
GAP = 0.005
# Consumers that one burst wakes at most; each then fetches as many messages as it has room for.
WAKES = 8

# Puts messages where Dramatiq's own dispatch.lua ("enqueue") puts them, in one round trip for
# any number, and wakes idle consumers. A message already there is not put there twice, unless
# the list is empty: then nobody is going to pick it up.
ENQUEUE = """
local waiting = redis.call('llen', KEYS[1])
for i = 2, #ARGV, 2 do
  local new = redis.call('hsetnx', KEYS[2], ARGV[i], ARGV[i + 1])
  if new == 1 or waiting == 0 then
    redis.call('rpush', KEYS[1], ARGV[i])
    redis.call('lpush', KEYS[3], '1')
  end
end
redis.call('ltrim', KEYS[3], 0, ARGV[1] - 1)
"""


def keys(queue: str) -> list[str]:
    """Dramatiq's list of message ids, its hash of messages, and our list of wake-up tokens."""
    return [f"{NAMESPACE}:{queue}{part}" for part in ("", ".msgs", ".wake")]


def connect(url: str, timeout: float = TIMEOUT) -> redis.Redis:
    """A client that gives up soon: one more try, for a connection that went stale."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 1),
    )


def put(client: redis.Redis, queue: str, messages: Sequence[tuple[str, bytes]]) -> None:
    """Put encoded messages, each with its id, on `queue`.

    Raises:
        redis.RedisError: Redis is not there or too slow.
    """
    flat = [part for message in messages for part in message]
    _script(client)(keys=keys(queue), args=[WAKES, *flat])


def message_for(ticket_id: UUID) -> dramatiq.Message[None]:
    """The message about a ticket; it carries the ticket's id as its own."""
    name = str(ticket_id)
    return dramatiq.Message(
        queue_name=QUEUE,
        actor_name=ACTOR,
        args=(name,),
        kwargs={},
        options={"redis_message_id": name},
        message_id=name,
    )


def send(ticket_ids: Sequence[UUID], url: str = "") -> None:
    """Send now and wait for it; the relay's way.

    Raises:
        redis.RedisError: Redis is not there or too slow.
    """
    messages = [(str(i), message_for(i).encode()) for i in ticket_ids]
    put(_client(url or settings().redis), QUEUE, messages)


def send_soon(ticket_ids: Sequence[UUID]) -> None:
    """Send from a thread of this process; never waits and never fails.

    The request that wrote the tickets has succeeded already. What cannot be sent is left to
    the relay, which finds the tickets in the database.
    """
    _sender.take(list(ticket_ids))


def flush(seconds: float = 1.0) -> bool:
    """Wait until everything was sent or given up; False if that took too long."""
    return _sender.idle.wait(seconds)


def answers() -> None:
    """Do nothing if Redis answers.

    Raises:
        redis.RedisError: Redis is not there or too slow.
    """
    _client(settings().redis).ping()


@lru_cache(maxsize=8)
def _script(client: redis.Redis) -> Script:
    return client.register_script(ENQUEUE)


@lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return connect(url)


class _Sender:
    """A thread, started with the first ticket, that sends what has gathered in one go."""

    def __init__(self) -> None:
        self.idle = Event()
        self.idle.set()
        self._lock = Lock()
        self._gathered: SimpleQueue[list[UUID]] = SimpleQueue()
        self._thread: Thread | None = None
        self._reachable = True

    def take(self, ticket_ids: list[UUID]) -> None:
        self.idle.clear()
        self._gathered.put(ticket_ids)
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = Thread(target=self._run, name="ticket-sender", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        last = 0.0
        while True:
            batch = self._gathered.get()
            time.sleep(max(0.0, last + GAP - time.monotonic()))
            while True:
                try:
                    batch += self._gathered.get_nowait()
                except Empty:
                    break
            self._send(batch)
            last = time.monotonic()
            if self._gathered.empty():
                self.idle.set()

    def _send(self, batch: list[UUID]) -> None:
        try:
            send(batch)
            self._reachable = True
        except Exception as error:
            # Once an outage: the relay resends, and a log full of the same helps nobody.
            level = logging.WARNING if self._reachable else logging.DEBUG
            log.log(level, "tickets left to the relay: %s", type(error).__name__)
            self._reachable = False


_sender = _Sender()


def _begin_anew() -> None:
    global _sender
    _sender = _Sender()
    _client.cache_clear()


# Threads and sockets do not survive a fork; gunicorn may have loaded us before it.
os.register_at_fork(after_in_child=_begin_anew)
atexit.register(lambda: flush())
