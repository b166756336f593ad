"""A worker process's life: start, do tickets, stop without leaving any behind."""

import logging
import os
import signal
import threading
from types import FrameType
from uuid import UUID

import dramatiq
import dramatiq.worker
from flask import Flask

from jobs.broker import WakingBroker
from jobs.heartbeat import heartbeat
from jobs.running import run_ticket
from portal.infra import queue
from portal.infra.settings import settings

log = logging.getLogger(__name__)

# Seconds for running jobs to end after SIGTERM; supervisor and systemd wait a little longer.
# What takes longer is handed back and begun again elsewhere, so a deploy waits for no batch.
STOPPING = 4.0
# Seconds until a consumer or a thread that lost Redis tries again; Dramatiq has 3 and 5.
RESTART = 0.5


def make_worker(app: Flask, url: str, threads: int) -> dramatiq.Worker:
    """A worker with one actor: it runs the ticket whose id it is sent."""
    broker = WakingBroker(url)
    dramatiq.set_broker(broker)

    def run(ticket_id: str) -> None:
        run_ticket(app, UUID(ticket_id))

    dramatiq.actor(actor_name=queue.ACTOR, queue_name=queue.QUEUE, broker=broker)(run)
    return dramatiq.Worker(broker, worker_threads=threads)


def serve(app: Flask) -> None:
    """Do tickets until SIGTERM. Does not return: the process ends here."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = RESTART
    dramatiq.worker.POST_PROCESS_MESSAGE_RETRY_DELAY_SECS = RESTART  # type: ignore[assignment]
    worker = make_worker(app, settings().redis, settings().worker_threads)
    worker.start()
    log.info("worker ready, %s at a time", settings().worker_threads)
    stop.wait()
    worker.stop(timeout=int(STOPPING * 1000))
    if left := heartbeat.hand_back():
        log.warning("stopped during %s jobs; others will do them", left)
    queue.flush()
    # Threads of jobs that did not end in time must not keep the process.
    logging.shutdown()
    os._exit(0)
