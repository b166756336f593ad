"""An app with an empty database for each test, and people to sign in as."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, SQLModel, create_engine

from portal.factory import create_app
from portal.infra import db
from portal.infra.settings import Settings, use_settings
from tests.pages import PageClient
from tests.people import (  # noqa: F401
    applicant,
    colleague,
    registration_officer,
    sign_in,
    stranger,
    supervisor,
)
from tests.services import database_in

# How long one example takes says nothing on a busy machine.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")


@pytest.fixture(scope="session")
def full_database() -> Iterator[str]:
    """The name of a database with every table in it: a copy of it takes a third of the time."""
    with database_in(os.environ["TEST_DATABASE_URL"]) as url:
        engine = create_engine(url)
        SQLModel.metadata.create_all(engine)
        engine.dispose()
        yield url.rpartition("/")[2]


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without rows: SQLite, or one of its own in the PostgreSQL of TEST_DATABASE_URL."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server:
        yield ""
        return
    with database_in(server, request.getfixturevalue("full_database")) as url:
        yield url


@pytest.fixture
def portal_settings(tmp_path: Path, database_url: str) -> Iterator[Settings]:
    chosen = Settings(
        portal_home=tmp_path / "var",
        database_url=database_url,
        # One Argon2id takes a tenth of a second otherwise.
        argon2_memory=8,
        argon2_passes=1,
        argon2_lanes=1,
    )
    use_settings(chosen)
    yield chosen
    use_settings(None)


@pytest.fixture
def app(portal_settings: Settings) -> Iterator[Flask]:
    app = create_app(TESTING=True)
    app.test_client_class = PageClient
    SQLModel.metadata.create_all(db.engine())
    yield app
    db.engine().dispose()
    db.engine_for.cache_clear()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session beside the app's own, as another process would have.

    Reading takes no lock that requests would wait for; `rollback` before reading again.
    """
    bind = db.engine().execution_options(reading=True)
    # No app context here: requests would share it, and with it their session and person.
    with Session(bind, expire_on_commit=False) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
