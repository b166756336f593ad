"""Dramatiq's Redis broker with a wake-up: idle consumers block until there is work.

The stock consumer sleeps up to a second between looks (0.5 s on average after idling).
"""

from collections.abc import Iterable
from threading import Event
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.common import dq_name
from dramatiq.errors import ConnectionClosed

from portal.infra import queue

# A consumer silent for so long (ms) is dead and its messages go to others; every command
# looks for such (the default, one in a thousand, leaves them lying for minutes).
HEARTBEAT_TIMEOUT = 15_000
EVERY_COMMAND = 1_000_000
# Seconds for an answer of Redis; longer than the longest blocking wait.
SOCKET_TIMEOUT = 5.0

LOST = (redis.ConnectionError, redis.TimeoutError)


class WakingConsumer(_RedisConsumer):
    """Waits in BLPOP for work, or for room when all threads have their hands full."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._room = Event()

    def __next__(self) -> Any:
        try:
            if not self.message_cache:
                self._fetch_or_wait()
            return super().__next__() if self.message_cache else None
        except LOST as error:
            raise ConnectionClosed(error) from None

    def ack(self, message: Any) -> None:
        self._settle(super().ack, message)

    def nack(self, message: Any) -> None:
        self._settle(super().nack, message)

    def requeue(self, messages: Iterable[Any]) -> None:
        try:
            super().requeue(messages)
            self.broker.wake(self.queue_name)
        except LOST as error:
            # Dramatiq's thread survives this error alone.
            raise ConnectionClosed(error) from None

    def _fetch_or_wait(self) -> None:
        self._room.clear()
        room = self.prefetch - self.outstanding_message_count
        if room <= 0:
            self._room.wait(self.timeout / 1000)
            return
        self._fetch(room)
        if not self.message_cache:
            self.broker.client.blpop([queue.keys(self.queue_name)[2]], self.timeout / 1000)

    def _fetch(self, room: int) -> None:
        found = self.broker.do_fetch(self.queue_name, room)
        # A message that was settled while a second mention of it stood in the list is nothing.
        self.message_cache = [message for message in found if message is not None]

    def _settle(self, settle: Any, message: Any) -> None:
        try:
            settle(message)
        except redis.TimeoutError as error:
            raise ConnectionClosed(error) from None
        finally:
            self._room.set()


class DelayConsumer(_RedisConsumer):
    """The stock consumer, for messages with a delay; a slow Redis counts as a lost one."""

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except redis.TimeoutError as error:
            raise ConnectionClosed(error) from None


class WakingBroker(RedisBroker):
    """For workers. Takes no more messages than it has threads: an idle process gets the rest."""

    def __init__(self, url: str) -> None:
        super().__init__(
            client=queue.connect(url, SOCKET_TIMEOUT),
            namespace=queue.NAMESPACE,
            # No retries, age or time limits of Dramatiq's own: the ticket decides.
            middleware=[],
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            maintenance_chance=EVERY_COMMAND,
        )

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Any:
        if queue_name == dq_name(queue_name):
            return DelayConsumer(self, queue_name, prefetch, timeout)
        # Dramatiq asks for two messages a thread.
        return WakingConsumer(self, queue_name, max(1, prefetch // 2), timeout)

    def enqueue(
        self, message: "dramatiq.Message[Any]", *, delay: int | None = None
    ) -> "dramatiq.Message[Any]":
        if delay is not None:
            return super().enqueue(message, delay=delay)
        named = message.copy(options={"redis_message_id": message.message_id})
        queue.put(self.client, named.queue_name, [(named.message_id, named.encode())])
        return named

    def wake(self, queue_name: str) -> None:
        self.client.lpush(queue.keys(queue_name)[2], 1)
