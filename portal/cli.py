"""bin/portal: gathers each slice's commands. Exit 0 done, 1 refused, 2 wrong usage."""

import importlib
import pkgutil
import sys

import click

import portal
from portal.infra.settings import NotReady
from portal.kernel.problems import NotHere, Refused


@click.group()
def main() -> None:
    """The portal's command line."""


def gather() -> None:
    """Add the commands and groups in `COMMANDS` of every `portal/<slice>/commands.py`."""
    for part in pkgutil.iter_modules(portal.__path__, "portal."):
        if not part.ispkg:
            continue
        for module in pkgutil.iter_modules(importlib.import_module(part.name).__path__):
            if module.name == "commands":
                found = importlib.import_module(f"{part.name}.commands")
                for command in found.COMMANDS:
                    main.add_command(command)


def run() -> None:
    gather()
    try:
        main()
    except (Refused, NotHere, NotReady) as error:
        click.echo(str(error) or "not found", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
