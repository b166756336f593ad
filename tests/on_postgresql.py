"""Runs pytest with a PostgreSQL of its own: `python -m tests.on_postgresql [ARGUMENT...]`."""

import os
import signal
import subprocess
import sys

from tests.services import postgres_server

if __name__ == "__main__":
    # Stopped from outside it takes pytest and the server with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with postgres_server() as server:
        surroundings = {**os.environ, "TEST_DATABASE_URL": server.url}
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=surroundings).returncode)
