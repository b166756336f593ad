"""Migrations go up and down with data in the tables, on SQLite and PostgreSQL."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import portal.factory  # noqa: F401 (every slice's tables)
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


ORDINARY: dict[type[Any], Any] = {
    sa.Integer: 7,
    sa.Float: 7.5,
    sa.Boolean: True,
    sa.String: "七",
    sa.DateTime: NOW,
    sa.Date: NOW.date(),
    sa.Uuid: UUID(int=7),
    sa.LargeBinary: b"7",
    sa.JSON: {"seven": "七"},
}
SPECIAL = {
    ("label", "void_reason"): "",  # is not void
    ("stored_file", "reason"): "",  # is not refused
    ("certificate", "revocation_reason"): "",  # is not revoked
    ("register_listing", "institution_id"): None,  # lists a location
}
"""What rows need to pass their tables' own conditions."""


def tables(url: str) -> set[str]:
    return set(inspect(db.engine_for(url)).get_table_names()) - {"alembic_version"}


def fill(url: str, names: set[str]) -> None:
    """Put one row into each of these tables, linked to those of the others."""
    with db.engine_for(url).begin() as connection:
        there = inspect(connection)
        for table in SQLModel.metadata.sorted_tables:
            if table.name in names:
                # A later migration may bring more columns.
                columns = {column["name"] for column in there.get_columns(table.name)}
                row = {c.name: value(c) for c in table.columns if c.name in columns}
                connection.execute(table.insert().values(row))


def value(column: sa.Column[Any]) -> Any:
    where = (column.table.name, column.name)
    if where in SPECIAL:
        return SPECIAL[where]
    for key in column.foreign_keys:
        return None if key.column.table is column.table else value(key.column)
    if column.nullable:
        return None
    if offered := re.search(rf"{column.name} IN \('(\w+)'", conditions(column.table)):
        return offered[1]
    return next(made for sort, made in ORDINARY.items() if isinstance(plain_type(column), sort))


def plain_type(column: sa.Column[Any]) -> Any:
    """Below our own types, which convert, the one that is stored."""
    return getattr(column.type, "impl_instance", column.type)


def conditions(table: Any) -> str:
    found = (c for c in table.constraints if isinstance(c, sa.CheckConstraint))
    return " ".join(str(each.sqltext) for each in found)


def rows(url: str, names: set[str]) -> dict[str, list[Any]]:
    """Everything in these tables, as it is stored."""
    with db.engine_for(url).connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]
            for name in sorted(names)
        }


def revisions() -> list[str]:
    """From the first to the last."""
    script = ScriptDirectory.from_config(migrating.config(""))
    return [each.revision for each in script.walk_revisions()][::-1]


def test_a_row_in_every_table_goes_all_the_way_down_and_up(url):
    """Step by step: what a migration does not touch is there as before."""
    before: dict[str, dict[str, list[Any]]] = {}
    for revision in revisions():
        kept = rows(url, tables(url))
        known = set(kept)
        migrating.upgrade(url, revision)
        assert rows(url, known) == kept
        fill(url, tables(url) - known)
        before[revision] = rows(url, tables(url))
    filled = before[revisions()[-1]]
    assert {"cases", "person", "label", "enquiry", "audit_entry"} <= set(filled)
    assert [name for name, found in filled.items() if not found] == []
    for revision in revisions()[-2::-1]:
        migrating.downgrade(url, revision)
        assert rows(url, tables(url)) == before[revision]
    migrating.downgrade(url, "base")
    assert tables(url) == set()
    migrating.upgrade(url)
    assert tables(url) == set(filled)
    fill(url, tables(url))


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
