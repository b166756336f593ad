"""The queue on a real Redis: woken at once, shared fairly, and none the worse for an outage."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker
from dramatiq.worker import Worker

from jobs import broker as waking
from portal.infra import queue
from portal.infra.settings import Settings, use_settings
from tests.services import RedisServer, redis_server, wait_until

Starter = Callable[..., "Started"]


class Started:
    """A worker in this process that notes which message it began when."""

    def __init__(self, url: str, work: Callable[[str], None], threads: int) -> None:
        self.broker = waking.WakingBroker(url)
        self.began: dict[str, list[float]] = {}

        def run(name: str) -> None:
            self.began.setdefault(name, []).append(time.monotonic())
            work(name)

        dramatiq.actor(actor_name=queue.ACTOR, queue_name=queue.QUEUE, broker=self.broker)(run)
        self.worker = Worker(self.broker, worker_threads=threads, worker_timeout=200)
        self.worker.start()


@pytest.fixture
def redis_url(own_redis: RedisServer) -> Iterator[str]:
    client = queue.connect(own_redis.url)
    client.flushall()
    use_settings(Settings(redis_url=own_redis.url))
    yield own_redis.url
    use_settings(None)
    client.close()


@pytest.fixture
def start(redis_url: str) -> Iterator[Starter]:
    started = []

    def begin(
        work: Callable[[str], None] = lambda _: None, threads: int = 2, url: str = redis_url
    ) -> Started:
        started.append(Started(url, work, threads))
        return started[-1]

    yield begin
    for each in started:
        each.worker.stop(timeout=5000)
        each.broker.client.close()


def send(url: str, *names: str) -> None:
    queue.put(queue._client(url), queue.QUEUE, [(n, message(n).encode()) for n in names])


def message(name: str) -> dramatiq.Message:
    return dramatiq.Message(
        queue_name=queue.QUEUE, actor_name=queue.ACTOR, args=(name,), kwargs={},
        options={"redis_message_id": name}, message_id=name,
    )  # fmt: skip


def test_stock_dramatiq_reads_what_we_put(redis_url: str) -> None:
    stock = RedisBroker(url=redis_url, namespace=queue.NAMESPACE, middleware=[])
    send(redis_url, "a", "b")
    assert stock.do_qsize(queue.QUEUE) == 2
    found = [dramatiq.Message.decode(m) for m in stock.do_fetch(queue.QUEUE, 5)]
    assert [m.message_id for m in found] == ["a", "b"]
    for each in found:
        stock.do_ack(queue.QUEUE, each.options["redis_message_id"])
    assert stock.do_qsize(queue.QUEUE) == 0
    stock.client.close()


def test_an_idle_worker_begins_at_once(start: Starter, redis_url: str) -> None:
    worker = start()
    delays = []
    for n in range(5):
        time.sleep(0.7)
        sent = time.monotonic()
        send(redis_url, str(n))
        wait_until(lambda n=n: str(n) in worker.began)
        delays.append(worker.began[str(n)][0] - sent)
    # The stock consumer takes 450 ms at the median.
    assert sorted(delays)[2] < 0.05, delays


def test_a_burst_reaches_every_worker_and_nothing_is_begun_twice(
    start: Starter, redis_url: str
) -> None:
    workers = [start(lambda _: time.sleep(0.01)) for _ in range(3)]
    names = [str(n) for n in range(90)]
    send(redis_url, *names)
    wait_until(lambda: sum(len(w.began) for w in workers) == 90)
    begun = [name for w in workers for name, times in w.began.items() for _ in times]
    assert sorted(begun) == sorted(names)
    assert all(w.began for w in workers)


def test_a_busy_worker_keeps_nothing_from_an_idle_one(start: Starter, redis_url: str) -> None:
    free = threading.Event()
    busy = start(lambda _: free.wait(10), threads=1)
    send(redis_url, "long")
    wait_until(lambda: "long" in busy.began)
    idle = start(threads=1)
    sent = time.monotonic()
    send(redis_url, "short", "shorter")
    wait_until(lambda: len(idle.began) == 2)
    assert idle.began["shorter"][0] - sent < 0.5
    free.set()


def test_room_is_used_as_soon_as_there_is_some(start: Starter, redis_url: str) -> None:
    worker = start(lambda _: time.sleep(0.05), threads=1)
    send(redis_url, *map(str, range(20)))
    wait_until(lambda: len(worker.began) == 20)
    times = sorted(t for begun in worker.began.values() for t in begun)
    # 19 times 50 ms; with the stock back-off each wait for room takes up to a second more.
    assert times[-1] - times[0] < 2.0


def test_a_delayed_message_waits_its_time(start: Starter, redis_url: str) -> None:
    worker = start()
    sent = time.monotonic()
    worker.broker.enqueue(message("later"), delay=600)
    worker.broker.enqueue(message("now"))
    wait_until(lambda: len(worker.began) == 2)
    assert worker.began["now"][0] - sent < 0.3
    assert 0.6 <= worker.began["later"][0] - sent < 2.5


def test_a_message_in_the_queue_is_not_put_there_twice(start: Starter, redis_url: str) -> None:
    client = queue._client(redis_url)
    list_key, _, wake_key = queue.keys(queue.QUEUE)
    send(redis_url, "a", "b")
    send(redis_url, "a", "b")
    assert client.llen(list_key) == 2
    assert client.llen(wake_key) == 2
    worker = start(threads=1)
    wait_until(lambda: len(worker.began) == 2)
    assert {len(times) for times in worker.began.values()} == {1}


def test_a_message_that_nobody_will_fetch_is_put_again(start: Starter, redis_url: str) -> None:
    send(redis_url, "a")
    lost = waking.WakingBroker(redis_url)
    lost.do_fetch(queue.QUEUE, 1)  # taken by a worker that died; its lists still name it
    send(redis_url, "a")
    worker = start()
    wait_until(lambda: "a" in worker.began)
    lost.client.close()


def test_a_dead_workers_messages_are_taken_over(
    start: Starter, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "HEARTBEAT_TIMEOUT", 500)
    send(redis_url, "a")
    lost = waking.WakingBroker(redis_url)
    assert len(lost.do_fetch(queue.QUEUE, 1)) == 1
    began = time.monotonic()
    worker = start()
    wait_until(lambda: "a" in worker.began)
    assert 0.4 < worker.began["a"][0] - began < 3
    lost.client.close()


@pytest.fixture
def mortal_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server
    queue._client.cache_clear()


def test_workers_go_on_after_redis_was_killed(
    mortal_redis: RedisServer, start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.2)
    worker = start(url=mortal_redis.url)
    send(mortal_redis.url, "before")
    wait_until(lambda: "before" in worker.began)
    mortal_redis.kill()
    time.sleep(0.5)
    mortal_redis.start()
    send(mortal_redis.url, "after")
    wait_until(lambda: "after" in worker.began)


def test_sending_to_a_dead_redis_takes_no_time_and_raises_nothing() -> None:
    use_settings(Settings(redis_url="redis://127.0.0.1:1/0"))
    began = time.monotonic()
    for _ in range(100):
        queue.send_soon([uuid4()])
    assert time.monotonic() - began < 0.1
    assert queue.flush(2.0)
    use_settings(None)


def test_sending_to_a_silent_redis_is_given_up_within_a_second() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_settings(Settings(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        began = time.monotonic()
        queue.send_soon([uuid4()])
        assert time.monotonic() - began < 0.1
        assert queue.flush(3.0)
        assert time.monotonic() - began < 2.5
    queue._client.cache_clear()
    use_settings(None)
