"""The job tests run on both databases, and on a real Redis where the queue matters."""

from collections.abc import Iterator

import pytest

from jobs.worker import import_jobs
from tests.jobs.certifying import authority, location, softhsm  # noqa: F401
from tests.services import (
    PostgresServer,
    RedisServer,
    database_in,
    postgres_server,
    redis_server,
)


@pytest.fixture(scope="session", autouse=True)
def known_jobs() -> None:
    import_jobs()


@pytest.fixture(scope="session")
def own_redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def own_postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test of this folder twice, each time with an empty database of its own."""
    if request.param == "sqlite":
        yield ""
        return
    with database_in(request.getfixturevalue("own_postgres").url) as url:
        yield url
