"""Runs pytest with a PostgreSQL of its own: `python -m tests.on_postgresql [ARGUMENT...]`."""

import os
import subprocess
import sys

from tests.services import postgres_server

if __name__ == "__main__":
    with postgres_server() as server:
        surroundings = {**os.environ, "TEST_DATABASE_URL": server.url}
        command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=surroundings).returncode)
