"""Whether a database was ever a demonstration's: production starts on none such."""

from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from portal.accounts.demonstration import has_made_up_people
from portal.certificates.authorities import has_demonstration
from portal.infra import clock
from portal.infra.db import engine, reading
from portal.infra.settings import NotReady, settings
from portal.registry.demonstration import has_facilities

SIGNS = {
    "made-up people": has_made_up_people,
    "demonstration entries in the register": has_facilities,
    "a demonstration's issuing authority": has_demonstration,
    "a clock that was moved forward": clock.moved,
}


def refuse_in_production() -> None:
    """See, in production, that nothing in the database is made up.

    Raises:
        NotReady: something is.
    """
    if settings().production and (found := _found()):
        raise NotReady(
            f"production needs a database that was never a demonstration's; this one has"
            f" {' and '.join(found)}. Begin with an empty one: DATABASE_URL"
        )


def _found() -> list[str]:
    try:
        with Session(reading(engine())) as db:
            return [sign for sign, shows in SIGNS.items() if shows(db)]
    except DBAPIError:
        # Away, or without tables yet: pages answer 503 until it is there. Made-up people are
        # shut out and the clock stands still all the same.
        return []
