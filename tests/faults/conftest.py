"""A stage for each test, on both databases."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Stage
from tests.services import database_in, postgres_server, redis_server


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """`@pytest.mark.parametrize("stage", [...], indirect=True)`: "sqlite" or "postgresql"."""
    with redis_server() as redis, tempfile.TemporaryDirectory() as folder:
        if request.param == "sqlite":
            yield from _with(Stage(Path(folder), redis, f"sqlite:///{folder}/trial.db"))
        else:
            with postgres_server() as postgres:
                yield from _with(Stage(Path(folder), redis, postgres.url))


def _with(made: Stage) -> Iterator[Stage]:
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def database_url() -> Iterator[str]:
    """For a whole portal, which makes its tables itself: "", or an empty database of its own."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    with database_in(server) as url:
        yield url
