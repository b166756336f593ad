"""bin/portal ca edge: what nginx needs of the portal, and word to it when that has changed."""

import os
import signal
from pathlib import Path

import click

from portal.certificates import authorities
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.infra.settings import settings

SECRET = 'proxy_set_header X-Edge-Secret "{}";\n'


@click.command()
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path),
    help="Where nginx reads them; in the embedded default below home.",
)  # fmt: skip
def edge(folder: Path | None) -> None:
    """Write the chain and the secret that nginx and portal share; again after a rollover."""
    where = folder or settings().home / "nginx"
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    with unit_of_work(app()) as db:
        chain = authorities.chain(db)
    secret = SECRET.format(settings().secret("edge_secret"))
    written = {"chain.pem": (chain, 0o644), "edge-secret.conf": (secret, 0o600)}
    changed = [write(where / name, text, mode) for name, (text, mode) in written.items()]
    if any(changed):
        told = tell_nginx(where / "nginx.pid")
        click.echo("written" + (", and nginx told" if told else "; reload nginx if it runs"))


def write(path: Path, text: str, mode: int) -> bool:
    """Put a file in place whole; False if it said so before."""
    if path.exists() and path.read_text() == text:
        return False
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    draft.replace(path)
    return True


def tell_nginx(pid_file: Path) -> bool:
    """Let the nginx of the embedded default read its files again, if it runs."""
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError):
        return False
    return True
