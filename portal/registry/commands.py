"""bin/portal register …: the search index, the folding table."""

import click

from portal.infra.clock import now
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.kernel.folding import TABLE
from portal.registry import folds, index


@click.group("register")
def register() -> None:
    """The public register."""


@register.command("reindex")
def reindex() -> None:
    """Build the search index anew, in directory order."""

    with unit_of_work(app()) as db:
        click.echo(f"{index.rebuild(db, now=now())} records")


@register.command("fold-table")
def fold_table() -> None:
    """Write the table names are folded with, from OpenCC."""
    TABLE.write_text(folds.table(), encoding="utf-8")
    click.echo(str(TABLE))


COMMANDS = [register]
