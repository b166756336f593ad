"""The web server: gthread workers, one for each core; bind and cores come from the environment."""

import ctypes
import os
import signal

from gunicorn.glogging import Logger

PR_SET_PDEATHSIG = 1

worker_class = "gthread"
workers = int(os.environ.get("PORTAL_CORES") or os.cpu_count() or 1)
threads = 4
bind = os.environ.get("PORTAL_LISTEN", "127.0.0.1:8000")
# Seconds a page may take, and a stopping worker may take for the pages it is at.
timeout = 60
graceful_timeout = 4
keepalive = 5
# Heartbeats on a disk that is busy would look like a worker that hangs.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True


class WithoutAddresses(Logger):  # type: ignore[misc]
    """Gunicorn names the address of a request that failed; it may hold a token or a search."""

    def exception(self, msg: str, *args: object, **named: object) -> None:
        super().exception(msg.split(" %")[0] if args else msg, **named)


logger_class = WithoutAddresses


def post_fork(_server: object, _worker: object) -> None:
    """A worker whose master was killed stops at once; the next master needs its port."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
