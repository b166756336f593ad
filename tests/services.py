"""Private Redis and PostgreSQL servers for tests: own ports, own folders, gone afterwards."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis
from sqlalchemy import create_engine, text

PATIENCE = 20.0


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class RedisServer:
    """A Redis that can be killed and started again with what its log file kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "everysec",
             "--maxmemory-policy", "noeviction"],
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        with redis.Redis.from_url(self.url) as client:
            wait_until(lambda: answers(client.ping))

    def kill(self) -> None:
        """As a crash would: kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)


class PostgresServer:
    """A PostgreSQL cluster; durable ones write through to the disk as production does."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder / "cluster"
        self.port = free_port()
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            folder.chmod(0o700)
        self._run("initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "fsync": "on" if self._durable else "off",
        }
        given = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        self._process = subprocess.Popen(
            self._command("postgres", "-D", str(self.folder), *given),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
        )  # fmt: skip
        wait_until(lambda: answers(self._select_1))

    def stop(self) -> None:
        """At once, cutting connections: `immediate`, as after a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)

    def _select_1(self) -> None:
        with psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2) as connection:
            connection.execute("SELECT 1")

    def _run(self, *command: str) -> None:
        subprocess.run(self._command(*command), check=True, stdout=subprocess.DEVNULL, cwd="/")

    @staticmethod
    def _command(program: str, *arguments: str) -> list[str]:
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        path = str(found[-1]) if found else program
        # PostgreSQL refuses to run as root; setpriv leaves no process in between to signal.
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        return [*(as_postgres if os.geteuid() == 0 else []), path, *arguments]


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    with _folder() as folder:
        server = RedisServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    with _folder() as folder:
        server = PostgresServer(folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def database_in(server: str, template: str = "template1") -> Iterator[str]:
    """The address of a database of one's own in the PostgreSQL at `server`, copied from another."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield server.rpartition("/")[0] + f"/{name}"
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def wait_until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Fail if it is not true within `seconds`."""
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.02)


def answers(question: Callable[[], object]) -> bool:
    """Whether asking works at all."""
    try:
        question()
    except (redis.RedisError, psycopg.Error, OSError):
        return False
    return True


@contextmanager
def _folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="portal-test-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
