"""Commands for the database, the languages, the audit and letters that came back."""

import sys
from importlib import import_module

import click
from alembic.util import CommandError
from flask import Flask

from portal.infra import bounces, catalogues, checkpoints, migrating
from portal.infra.clock import now
from portal.infra.db import unit_of_work
from portal.infra.settings import settings
from portal.kernel.problems import Refused


def app() -> Flask:
    """The portal, for commands that need it; made only then, so that set-up can run without."""
    # The factory knows every slice, so it stands above us: imported by name.
    made: Flask = import_module("portal.factory").create_app()
    return made


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables up to REVISION."""
    migrating.upgrade(settings().database, revision)


@db.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the tables back to REVISION (base: none)."""
    migrating.downgrade(settings().database, revision)


@db.command()
def check() -> None:
    """Say whether the migrations make the tables the models want; exits 1 if not."""
    try:
        migrating.check(settings().database)
    except CommandError as error:
        raise Refused(str(error)) from error


@click.group()
def translations() -> None:
    """The catalogues of the two Chinese scripts."""


@translations.command("compile")
def compile_() -> None:
    """Merge each language's catalogues into the one that is read."""
    for line in catalogues.compile_all():
        click.echo(line)


@translations.command()
@click.argument("part", default="")
def missing(part: str) -> None:
    """List sentences without a translation; exits 1 if there are any."""
    found = catalogues.missing(part)
    for lang, msgid in found:
        click.echo(f"{lang}\t{msgid}")
    raise SystemExit(1 if found else 0)


@translations.command("draft-sc")
@click.argument("part")
def draft_sc(part: str) -> None:
    """Draft the Simplified catalogue of a slice from its Traditional one, to be read through."""
    click.echo(f"{catalogues.draft_simplified(part)} sentences drafted")


@click.group()
def audit() -> None:
    """The record of who did what."""


@audit.command()
def verify() -> None:
    """Check the chain and every checkpoint; exits 1 and says what is wrong."""
    with unit_of_work(app()) as db_session:
        found = checkpoints.troubles(db_session, now())
    for trouble in found:
        click.echo(trouble, err=True)
    raise SystemExit(1 if found else 0)


@click.group()
def mail() -> None:
    """Letters by e-mail."""


@mail.command()
def bounced() -> None:
    """Read a delivery status notification (RFC 3464) on standard input: a letter came back.

    For the mail server's delivery to a program. Exits 1 with the reason if it is none, tells
    of no failure, or of no letter of ours.
    """
    with unit_of_work(app()) as db_session:
        told = bounces.read(sys.stdin.buffer.read(bounces.LARGEST + 1))
        letter = bounces.take_back(db_session, told, now=now())
    click.echo(f"{letter.template} of {letter.created_at:%Y-%m-%d} came back: {letter.problem}")


COMMANDS = (db, translations, audit, mail)
