"""bin/portal ca: the offline root, the issuing authorities, their chain."""

from pathlib import Path

import click

from portal.certificates import authorities as them
from portal.certificates import own_keys
from portal.certificates.authorities import certificate_of
from portal.certificates.certificate_commands import certificate
from portal.certificates.edge_commands import edge
from portal.certificates.keys import KeyUnavailable
from portal.certificates.revocation_lists import sign_list
from portal.infra.clock import real_now
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.infra.settings import settings
from portal.kernel.problems import Refused

BY = "command line"


@click.group()
def ca() -> None:
    """The authority that issues certificates to service locations."""


ROOT = click.option(
    "--root", type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the offline root; take it away afterwards.",
)  # fmt: skip


@ca.command()
@ROOT
@click.option("--if-missing", is_flag=True, help="Do nothing where there is an authority.")
def init(root: Path | None, if_missing: bool) -> None:
    """Make a root and the first issuing authority."""
    with unit_of_work(app()) as db:
        if them.authorities(db):
            if if_missing:
                return
            raise Refused("There is an issuing authority already: bin/portal ca rollover")
        made = them.make_root(_folder(root), real_now())
        authority = them.make_authority(db, made, by=BY, now=real_now())
        sign_list(db, authority, real=real_now())
    _certify_own_keys()
    click.echo(f"{authority.name} is ready; take {_folder(root)} offline")


@ca.command()
@ROOT
def rollover(root: Path | None) -> None:
    """Make the next issuing authority; the present one retires and signs its lists on."""
    with unit_of_work(app()) as db:
        opened = them.open_root(_folder(root))
        authority = them.make_authority(db, opened, by=BY, now=real_now())
        sign_list(db, authority, real=real_now())
    _certify_own_keys()
    click.echo(f"{authority.name} issues from now on; give nginx the new chain: bin/portal ca edge")


@ca.command()
def chain() -> None:
    """Print root and issuing certificates, as nginx checks clients against them."""
    with unit_of_work(app()) as db:
        click.echo(them.chain(db), nl=False)


@ca.command("list")
def list_all() -> None:
    """Print the issuing authorities, the oldest first."""
    with unit_of_work(app()) as db:
        for each in them.authorities(db):
            ends = certificate_of(each).not_valid_after_utc
            state = "retired" if each.retired_at else "issues"
            click.echo(f"{each.id}\t{each.name}\t{state}\tuntil {ends:%Y-%m-%d}")


def _certify_own_keys() -> None:
    """After the authority is on record, in transactions of their own.

    A key that is lost is no reason to fail: it may be why there is a new authority.
    """
    try:
        with unit_of_work(app()):
            own_keys.renew(real=real_now())
    except KeyUnavailable as gone:
        click.echo(f"An issuing key cannot be reached, others are served: {gone}", err=True)


def _folder(given: Path | None) -> Path:
    """Where the root lies: told, or in the embedded default below home.

    Raises:
        Refused: production was not told.
    """
    if given is None and settings().production:
        raise Refused("Say where the root is: --root FOLDER")
    return given or settings().home / "ca-root"


ca.add_command(edge)

COMMANDS = [ca, certificate]
