"""Migrations go up and down with data in the tables, on SQLite and PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlmodel import Session

from portal.accounts.models import Person
from portal.infra import db, migrating
from portal.infra.settings import Settings, use_settings

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def url(database_url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of each sort."""
    chosen = Settings(portal_home=tmp_path / "var", database_url=database_url)
    use_settings(chosen)
    yield chosen.database
    db.engine_for(chosen.database).dispose()
    db.engine_for.cache_clear()
    use_settings(None)


def tables(url: str) -> set[str]:
    return set(inspect(db.engine_for(url)).get_table_names()) - {"alembic_version"}


def test_up_with_data_down_and_up_again(url):
    migrating.upgrade(url)
    there = tables(url)
    assert {"cases", "person", "label", "enquiry", "audit_entry"} <= there
    with Session(db.engine_for(url)) as session:
        session.add(
            Person(email="a@b.org", email_folded="a@b.org", name="A", language="en", created_at=NOW)
        )
        session.commit()
    migrating.downgrade(url, "0002")
    assert "person" not in tables(url)
    migrating.upgrade(url)
    assert tables(url) == there
    migrating.downgrade(url, "base")
    assert tables(url) == set()


def test_each_step_down_and_up_keeps_the_data_of_the_others(url):
    migrating.upgrade(url)
    with db.engine_for(url).begin() as connection:
        connection.execute(
            text("INSERT INTO demonstration_clock (id, offset_seconds) VALUES (1, 7)")
        )
    for revision in ("0005", "0004", "0003", "0002", "0001"):
        migrating.downgrade(url, revision)
    migrating.upgrade(url)
    with db.engine_for(url).connect() as connection:
        kept = connection.execute(text("SELECT offset_seconds FROM demonstration_clock")).scalar()
    assert kept == 7


def test_the_migrations_make_the_tables_of_the_models(url, database_url, tmp_path):
    """In a process of its own: other tests declare tables of theirs."""
    surroundings = {**os.environ, "PORTAL_HOME": str(tmp_path / "var")}
    command = [sys.executable, "-m", "portal.cli", "db"]
    if database_url:
        surroundings["DATABASE_URL"] = database_url
    for what in ("upgrade", "check"):
        subprocess.run([*command, what], cwd=ROOT, env=surroundings, check=True)
    with db.engine_for(url).begin() as connection:
        connection.execute(text("DROP TABLE demonstration_clock"))
    assert subprocess.run([*command, "check"], cwd=ROOT, env=surroundings).returncode == 1
