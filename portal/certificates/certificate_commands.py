"""bin/portal certificate: what support does for an institution that cannot do it by itself."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portal.certificates.actions import ask
from portal.certificates.models import Certificate
from portal.certificates.queries import newest_certificates, requested
from portal.certificates.rules import Way
from portal.certificates.signing_requests import public_key_of
from portal.infra.clock import now, real_now
from portal.infra.commands import app
from portal.infra.db import unit_of_work
from portal.kernel.problems import Refused
from portal.registry.queries import location_numbered

BY = "command line"


@click.group()
def certificate() -> None:
    """Certificates of service locations."""


@certificate.command()
@click.argument("location")
@click.option(
    "--csr", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The signing request (PKCS#10, PEM or DER).",
)  # fmt: skip
def issue(location: str, csr: Path) -> None:
    """Ask for a certificate of LOCATION; a worker issues it. Prints the request's number."""
    spki = public_key_of(csr.read_bytes())
    with unit_of_work(app()) as db:
        place = location_numbered(db, location)
        wanted = ask(
            db, place, way=Way.CSR, spki=spki, asked=uuid4().hex, by=BY, now=now(),
            real=real_now(),
        )  # fmt: skip
    click.echo(wanted.id)


@certificate.command()
@click.argument("request", type=int)
def show(request: int) -> None:
    """Print the certificate that was asked for under the number REQUEST: PEM."""
    with unit_of_work(app()) as db:
        found = requested(db, request)
        if found.refused:
            raise Refused(found.refused)
        if found.certificate is None:
            raise Refused("it is not issued yet: is a worker running?")
        made = x509.load_der_x509_certificate(found.certificate)
    click.echo(made.public_bytes(Encoding.PEM).decode(), nl=False)


@certificate.command("list")
@click.option("--location", default="", help="Of this service location only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(location: str, as_json: bool) -> None:
    """Print the newest 1,000 certificates and where each is in its life."""
    with unit_of_work(app()) as db:
        place = location_numbered(db, location) if location else None
        found = [told(row) for row in newest_certificates(db, place)]
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found:
        click.echo("\t".join(str(value or "-") for value in each.values()))


def told(row: Certificate) -> dict[str, Any]:
    """What support sees of one."""
    instants = ("requested_at", "issued_at", "not_after", "first_used_at", "revoked_at")
    return {
        "request": row.id,
        "location": row.location.number,
        "serial": row.serial,
        "refused": row.refused,
        "reason": row.revocation_reason,
        **{name: at.isoformat() if (at := getattr(row, name)) else None for name in instants},
    }
