"""What time it is: real time, and in the embedded default the demonstration's offset on top."""

from datetime import UTC, datetime, timedelta

from flask import g, has_app_context, has_request_context
from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel

from portal.infra.db import engine, only_reads, reading, session
from portal.infra.settings import settings


class DemonstrationClock(SQLModel, table=True):
    """One row: by how many seconds the embedded default's clock runs ahead."""

    __tablename__ = "demonstration_clock"

    id: int = Field(default=1, primary_key=True)
    offset_seconds: int = 0


OFFSET = text("SELECT offset_seconds FROM demonstration_clock")


def now() -> datetime:
    """This instant, aware, UTC. Certificates, TLS and one-time codes use real time instead.

    Read once per request or job, so that everything it writes carries one moving clock.
    """
    return datetime.now(UTC) + offset()


def real_now() -> datetime:
    """This instant without the demonstration's offset: for sign-in, sessions and one-time codes."""
    return datetime.now(UTC)


def offset() -> timedelta:
    """How far the demonstration's clock runs ahead; nothing in production or without SQLite."""
    if not settings().embedded or settings().production:
        return timedelta()
    if not has_app_context():
        return _offset_on_record()
    if "clock_offset" not in g:
        g.clock_offset = _offset_on_record()
    return timedelta(seconds=g.clock_offset.total_seconds())


def _offset_on_record() -> timedelta:
    # A page that only reads has a transaction anyway; one that writes must not begin it for this.
    if has_request_context() and only_reads():
        return timedelta(seconds=session().connection().execute(OFFSET).scalar() or 0)
    with reading(engine()).connect() as connection:
        return timedelta(seconds=connection.execute(OFFSET).scalar() or 0)


def moved(db: Session) -> bool:
    """Whether this database's clock was ever moved forward."""
    return bool(db.connection().execute(OFFSET).scalar())


def advance(db: Session, by: timedelta) -> None:
    """Move the demonstration's clock forward; every process follows with its next reading."""
    clock = db.get(DemonstrationClock, 1) or DemonstrationClock(id=1)
    clock.offset_seconds += int(by.total_seconds())
    db.add(clock)
    g.pop("clock_offset", None)
