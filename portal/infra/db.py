"""The session of a request or job, and the one decorator that commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, wraps
from typing import Any, ParamSpec, cast

from flask import Flask, Response, current_app, g, has_request_context, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, DateTime, Dialect, Engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel, create_engine

from portal.infra.settings import settings

P = ParamSpec("P")

# Named constraints can be found again in an error and dropped by a migration.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant, in and out, on both databases (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs its zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@cache
def engine_for(url: str) -> Engine:
    """The engine of this process for `url`; both databases behave alike above it."""
    if url.startswith("sqlite"):
        arguments = {"check_same_thread": False, "timeout": 20}
        engine = create_engine(url, connect_args=arguments, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    # An error's text must not quote what people wrote: hide_parameters.
    return create_engine(
        url, pool_pre_ping=True, pool_size=10, max_overflow=10, hide_parameters=True
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN comes late and deferred: stale reads and "database is locked".
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=20000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def engine() -> Engine:
    return engine_for(settings().database)


@cache
def reading(writer: Engine) -> Engine:
    """The same engine for reading: what it begins does not wait for writers."""
    return writer.execution_options(reading=True)


def init_app(app: Flask) -> None:
    app.teardown_appcontext(_close)


def session() -> Session:
    """The current session. Routes and jobs pass it on; nothing below them calls this."""
    if "db_session" not in g:
        bind = reading(engine()) if only_reads() else engine()
        g.db_session = Session(bind, expire_on_commit=False)
    return cast(Session, g.db_session)


def only_reads() -> bool:
    """Whether this is a GET whose view does not wear @commits: it must not wait for writers.

    The same holds of what a machine posts, which is a question too long for an address.
    """
    if g.get("outside") or not has_request_context():
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    asks = request.method in {"GET", "HEAD"} or getattr(view, "machine", False)
    return asks and not getattr(view, "commits", False)


def commits(view: Callable[P, ResponseReturnValue]) -> Callable[P, Response]:
    """Keep what the view did if it answers 2xx or 3xx; undo it if it answers 4xx or raises."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = make_response(view(*args, **kwargs))
        if response.status_code < 400:
            session().commit()
        else:
            session().rollback()
        return response

    wrapper.commits = True  # type: ignore[attr-defined]
    return wrapper


@contextmanager
def unit_of_work(app: Flask) -> Iterator[Session]:
    """A session outside any request, for jobs and commands; kept if the block ends well.

    Links are made with the portal's public address, as a request to it would make them.
    """
    with app.test_request_context("/", base_url=settings().address):
        g.outside = True
        db = session()
        try:
            yield db
            db.commit()
        except BaseException:
            db.rollback()
            raise


@contextmanager
def apart() -> Iterator[Session]:
    """A short transaction of its own, kept at once whatever becomes of the request.

    To be used before the request's own session: SQLite has room for one writer.
    """
    with Session(engine(), expire_on_commit=False) as db:
        yield db
        db.commit()


def _close(_error: BaseException | None) -> None:
    if (db := g.pop("db_session", None)) is not None:
        db.close()


def violated(error: IntegrityError) -> str:
    """The name of the broken constraint, or "table.column" where SQLite tells only that."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return str(diagnosis.constraint_name)
    return str(error.orig).rpartition(": ")[2]
