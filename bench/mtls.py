"""The price of knowing the place: one page behind nginx with a client certificate, and without.

With one, nginx hands the certificate on and the portal asks the database at every request
whether it still holds. Both run over kept connections (ab -k) to the same nginx and the same web
server, in turns; the page is the register's results page.
"""

import re
import statistics
import subprocess
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from sqlmodel import Session, SQLModel

from bench.common import end, figure
from bench.supplies.registers import fill
from portal.certificates import authorities
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import unit_of_work
from portal.infra.settings import Settings, use_settings
from tests.connecting import entered_location, issued, private_pem
from tests.edge import Edge, edge

ROUNDS, REQUESTS, CONNECTIONS, INSTITUTIONS = 7, 400, 4, 500
GOAL = 0.8


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        use_settings(Settings(portal_home=home / "var", database_url=""))
        app = create_app()
        chain, certificate = prepared(app, home)
        with edge(chain, home / "nginx", app="bench.supplies.mtls_app:app") as running:
            ours, peers = measured(running, certificate)
    ratios = [one / other for one, other in zip(ours, peers, strict=True)]
    ratio = statistics.median(ratios)
    held = figure(
        "mtls",
        "page with certificate and check, requests/s",
        ours=statistics.median(ours),
        peer=statistics.median(peers),
        peer_name="the same page without",
        ratio=ratio,
        goal=f">= {GOAL} x",
        holds=ratio >= GOAL,
    )
    end([held])


def prepared(app: Flask, home: Path) -> tuple[str, Path]:
    """A register, and a place with its certificate and key in one file, as ab wants them."""
    SQLModel.metadata.create_all(db.engine())
    with app.app_context(), Session(db.engine()) as rows:
        fill(rows, INSTITUTIONS)
        rows.commit()
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.load_der_x509_certificate(issued(app, entered_location(app), key))
    both = home / "client.pem"
    both.write_bytes(made.public_bytes(Encoding.PEM) + private_pem(key))
    with unit_of_work(app) as rows:
        return authorities.chain(rows), both


def measured(running: Edge, certificate: Path) -> tuple[list[float], list[float]]:
    """Requests a second of either way, turn by turn; the first turn warms up."""
    ways = (("with", ["-E", str(certificate)]), ("without", []))
    found: dict[str, list[float]] = {"with": [], "without": []}
    for turn in range(ROUNDS + 1):
        for name, more in ways if turn % 2 else reversed(ways):
            reached = rate(f"https://127.0.0.1:{running.port}/en/{name}", more)
            if turn:
                found[name].append(reached)
    return found["with"], found["without"]


def rate(url: str, more: list[str]) -> float:
    """What ab reached.

    Raises:
        RuntimeError: an answer was not 2xx, or a connection was not kept: no figure then.
    """
    load = ["ab", "-q", "-k", "-n", str(REQUESTS), "-c", str(CONNECTIONS), *more, url]
    said = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    kept = re.search(r"Keep-Alive requests:\s+(\d+)", said)
    found = re.search(r"Requests per second:\s+([\d.]+)", said)
    if "Non-2xx" in said or not found or not kept or int(kept[1]) < REQUESTS:
        raise RuntimeError(said)
    return float(found[1])


if __name__ == "__main__":
    main()
