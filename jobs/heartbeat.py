"""One thread per worker process that keeps the claims of its running jobs alive."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, Thread, get_ident
from uuid import UUID

from dramatiq.threading import Interrupt, raise_thread_exception
from sqlalchemy.exc import DBAPIError

from portal.infra import claims
from portal.infra.claims import LEASE, Claim

log = logging.getLogger(__name__)

# Three renewals may fail before a lease runs out.
INTERVAL = LEASE / 4


class TookTooLong(Interrupt):
    """Raised inside a job that ran longer than its `seconds`."""


@dataclass(slots=True)
class _Running:
    claim: Claim
    thread: int
    until: float
    interrupted: bool = False


class Heartbeat:
    """The claims this process holds, and the thread that renews them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[UUID, _Running] = {}
        self._thread: Thread | None = None

    @contextmanager
    def over(self, claim: Claim, seconds: float) -> Iterator[None]:
        """Renew `claim` while the block runs; interrupt the block after `seconds`."""
        entry = _Running(claim, get_ident(), time.monotonic() + seconds)
        with self._lock:
            self._running[claim.ticket_id] = entry
            if self._thread is None:
                self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(claim.ticket_id, None)

    def hand_back(self) -> int:
        """Give back what still runs when the process must stop; a deploy is no failure."""
        with self._lock:
            left = [entry.claim for entry in self._running.values()]
        for claim in left:
            claims.give_back(claim, after=timedelta(), problem="Stopped")
        return len(left)

    def _beat(self) -> None:
        while True:
            time.sleep(INTERVAL)
            with self._lock:
                running = list(self._running.values())
            try:
                self._renew(running)
            except DBAPIError as error:
                log.warning("leases not renewed: %s", type(error).__name__)

    def _renew(self, running: list[_Running]) -> None:
        now = time.monotonic()
        in_time = [r for r in running if r.until > now]
        lost = {claim.ticket_id for claim in claims.renew([r.claim for r in in_time])}
        for entry in running:
            if entry.until <= now and not entry.interrupted:
                self._interrupt(entry)
            still_works = self._running.get(entry.claim.ticket_id) is entry
            if still_works and entry.claim.ticket_id in lost:
                log.warning("ticket %s: claim lost while working", entry.claim.ticket_id)

    def _interrupt(self, entry: _Running) -> None:
        with self._lock:
            if self._running.get(entry.claim.ticket_id) is entry:
                entry.interrupted = True
                raise_thread_exception(entry.thread, TookTooLong)


heartbeat = Heartbeat()
