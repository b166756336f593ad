"""Writing a row that may be asked for twice, also by two transactions at the same time."""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import bindparam, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import configure_mappers
from sqlmodel import Session, SQLModel, col, select

from portal.infra.database_clock import database_clock

M = TypeVar("M", bound=SQLModel)


def write_once(
    db: Session, model: type[M], columns: dict[str, Any], *, stamp: str = ""
) -> tuple[M, bool]:
    """The row of `model` with this `once`, and whether it was written now.

    Columns not given get the model's defaults; the column `stamp` gets the database's clock.
    Of two transactions the second waits for the first to end, instead of failing. Every
    request writes tickets, so this makes rows as loading makes them, without the model's
    constructor and the session's unit of work: a fifth of their time.
    """
    constants, factories = _defaults(model)
    made = {name: make() for name, make in factories.items() if name not in columns}
    whole = {**constants, **made, **columns}
    statement = _insert(model, db.get_bind().dialect.name, stamp)
    given = {name: value for name, value in whole.items() if name != stamp}
    written = db.connection().execute(statement, given).first()
    db.info["written"] = True
    if written is None:
        same = col(model.once) == columns["once"]  # type: ignore[attr-defined]
        return db.exec(select(model).where(same)).one(), False
    return _loaded(db, model, whole, stamp), True


def _loaded(db: Session, model: type[M], whole: dict[str, Any], stamp: str) -> M:
    mapper = inspect(model)
    row: M = mapper.class_manager.new_instance()
    state = inspect(row)
    state.dict.update(whole)
    state.key = mapper.identity_key_from_primary_key((whole["id"],))
    db.add(row)
    if stamp:
        db.expire(row, [stamp])
    return row


@cache
def _defaults(model: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    fields = {n: f for n, f in model.model_fields.items() if not f.is_required()}
    factories = {n: f.default_factory for n, f in fields.items() if f.default_factory}
    constants = {n: f.default for n, f in fields.items() if n not in factories}
    return constants, factories  # type: ignore[return-value]


@cache
def _insert(model: type[SQLModel], dialect: str, stamp: str) -> Any:
    configure_mappers()
    table = inspect(model).local_table
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    values: dict[str, Any] = {
        column.name: bindparam(column.name, type_=column.type) for column in table.columns
    }
    if stamp:
        values[stamp] = database_clock()
    quietly = insert.values(**values).on_conflict_do_nothing(index_elements=["once"])
    return quietly.returning(table.c.id)
