"""Connecting as a service location does: with a certificate, as nginx hands it to the portal."""

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.application import deciding
from portal.cases.models import Case
from portal.certificates import actions, authorities, keys
from portal.certificates.models import Certificate
from portal.certificates.rules import Way
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import settings
from portal.registry.actions import enter_institution, enter_location
from portal.registry.models import Institution, ServiceLocation

import_jobs()

Key = ec.EllipticCurvePrivateKey


def ready_to_issue(app: Flask) -> None:
    """A root and an issuing authority, if there are none."""
    keys.forget_keys()
    with unit_of_work(app) as db:
        if not authorities.authorities(db):
            now = datetime.now(UTC)
            root = authorities.make_root(settings().home / "ca-root", now)
            authorities.make_authority(db, root, by="test", now=now)


def entered_location(app: Flask, name: str = "Chan Clinic") -> ServiceLocation:
    """A place of an institution of its own."""
    now = datetime.now(UTC)
    with app.app_context(), apart() as db:
        owner = enter_institution(db, kind="CLG", name_en=f"{name} & Co", by="test", now=now)
        return enter_location(
            db, owner, district="ssp", name_en=name, address_en="1 Tai Po Road", by="test",
            now=now,
        )  # fmt: skip


def issued(app: Flask, location: ServiceLocation, key: Key | None = None) -> bytes:
    """A new certificate of the place, DER."""
    ready_to_issue(app)
    spki = (
        (key or ec.generate_private_key(ec.SECP256R1()))
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    now = datetime.now(UTC)
    with app.app_context(), apart() as db:
        wanted = actions.ask(
            db, location, way=Way.CSR, spki=spki, asked=uuid4().hex, by="test", now=now, real=now
        )
        number = wanted.id
    run_waiting(app)
    with app.app_context(), apart() as db:
        made = db.exec(select(Certificate.certificate).where(Certificate.id == number)).one()
        assert made is not None
        return made


def headers(der: bytes, verified: str = "SUCCESS") -> dict[str, str]:
    """What nginx adds to a request that came with this certificate."""
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()
    return escaped(pem, verified)


def escaped(pem: str, verified: str = "SUCCESS") -> dict[str, str]:
    return {
        "X-Edge-Secret": settings().secret("edge_secret"),
        "X-Client-Verify": verified,
        "X-Client-Cert": quote(pem, safe=""),
    }


def without_certificate() -> dict[str, str]:
    """The same for a request without."""
    return {"X-Edge-Secret": settings().secret("edge_secret"), "X-Client-Verify": "NONE"}


def connect(client: FlaskClient, der: bytes, path: str = "/en/connection/") -> TestResponse:
    return client.get(path, headers=headers(der))


def connect_first(app: Flask, db: Session) -> None:
    """Every place that stands in the register gets a certificate and uses it."""
    db.rollback()
    for place in db.exec(select(ServiceLocation)).all():
        assert connect(app.test_client(), issued(app, place)).status_code == 200
    run_waiting(app)


def all_connected(db: Session, case: Case, *, now: datetime) -> None:
    """As if every place of the case's institution had just used its certificate."""
    for place in db.get_one(Institution, case.institution_id).locations:
        deciding.note_connected(db, place, used_at=now, now=now)


def private_pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
