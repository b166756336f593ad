"""What Alembic runs: our tables on the database of the settings."""

import importlib
import pkgutil
from typing import Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import portal
from portal.infra.db import UtcDateTime, engine_for


def know_all_tables() -> None:
    """Import every module that declares tables: `models` of the slices, and infra's own."""
    for module in pkgutil.walk_packages(portal.__path__, "portal."):
        tables = module.name.endswith("models") or module.name.startswith("portal.infra.")
        if tables and not module.ispkg and "commands" not in module.name:
            importlib.import_module(module.name)


def in_plain_types(kind: str, thing: object, _autogen: object) -> str | Literal[False]:
    """Write migrations with SQLAlchemy's own types, so that they do not change with our code."""
    if kind == "type" and isinstance(thing, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


know_all_tables()

with engine_for(context.config.attributes["url"]).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        # SQLite cannot alter a column: batch mode copies the table, with its named constraints.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=in_plain_types,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
