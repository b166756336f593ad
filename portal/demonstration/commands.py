"""bin/portal demo: load, advance, people; the embedded default only."""

import json
import re
from datetime import timedelta

import click

from portal.accounts import demonstration as people_of
from portal.demonstration import applications
from portal.infra import clock
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.registry.demonstration import enter_facilities

UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@click.group()
def demo() -> None:
    """Demonstration data and clock. Production refuses them."""


@demo.command()
def load() -> None:
    """Enter real institutions and made-up people with applications; again is no change."""
    with unit_of_work(app()) as db:
        now = clock.now()
        entered = enter_facilities(db, now=now)
        people = people_of.load(db, now)
        made = applications.load(db, now=now)
    click.echo(f"{entered} institutions, {len(people)} people, {made} applications entered")


@demo.command()
@click.argument("by")
def advance(by: str) -> None:
    """Move the clock forward BY days, hours or minutes: 15d, 2h, 30m."""
    found = re.fullmatch(r"(\d{1,4})([dhm])", by)
    if not found:
        raise click.UsageError("say how far: 15d, 2h or 30m")
    if not settings().embedded or settings().production:
        raise Refused("only the embedded default's clock can be moved")
    with unit_of_work(app()) as db:
        clock.advance(db, timedelta(**{UNITS[found[2]]: int(found[1])}))
        db.flush()
        moved = clock.now()
    click.echo(f"it is now {moved.isoformat(timespec='minutes')}")


@demo.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def people(as_json: bool) -> None:
    """The demonstration people and how to sign in as them."""
    if settings().production:
        raise Refused("production has no demonstration people")
    found = people_of.people()
    if as_json:
        click.echo(json.dumps([vars(p) if hasattr(p, "__dict__") else p._asdict() for p in found]))
        return
    for person in found:
        click.echo(person)


COMMANDS = (demo,)
