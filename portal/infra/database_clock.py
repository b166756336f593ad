"""The database's own clock in an SQL expression: the one clock that all workers share."""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class database_clock(FunctionElement[float]):
    """Seconds since 1970 by the database's clock, to about a millisecond."""

    type = Float()
    name = "database_clock"
    inherit_cache = True


@compiles(database_clock, "postgresql")
def _in_postgresql(_element: database_clock, _compiler: Any, **_options: Any) -> str:
    return "extract(epoch from clock_timestamp())::float8"


@compiles(database_clock, "sqlite")
def _in_sqlite(_element: database_clock, _compiler: Any, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"
