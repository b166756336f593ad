"""Accepted institutions with places and certificates, for tests of certificates."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlmodel import Session, select

from portal.accounts.models import Person
from portal.cases import actions as cases
from portal.cases.models import Case
from portal.cases.rules import State
from portal.certificates import authorities, keys
from portal.certificates.models import Authority, Certificate
from portal.infra.db import unit_of_work
from portal.infra.settings import settings
from portal.registry.actions import enter_institution, enter_location
from portal.registry.models import Institution, ServiceLocation


@dataclass(frozen=True)
class Accepted:
    """An institution that was accepted, by its keys and numbers."""

    id: int
    number: str
    reference: str
    places: list[str]

    @property
    def set_up(self) -> str:
        return f"/en/institutions/{self.number}/set-up/"

    def certificate(self, place: int = 0) -> str:
        """The address of a place's certificates."""
        return f"/en/institutions/{self.number}/locations/{self.places[place]}/certificate/"


def accepted(
    app: Flask, person: Person, *, places: int = 1, name: str = "Chan & Co", sent: bool = True
) -> Accepted:
    """As if this person's application was accepted now and its letter handed over."""
    with unit_of_work(app) as db:
        return enter(db, person, places=places, name=name, sent=sent)


def enter(
    db: Session, person: Person, *, places: int = 1, name: str = "Chan & Co", sent: bool = True
) -> Accepted:
    now = datetime.now(UTC)
    institution = enter_institution(db, kind="CLG", name_en=name, by="test", now=now)
    entered = [
        enter_location(
            db, institution, district="ssp", name_en=f"{name} Clinic {n + 1}",
            name_tc=f"陳氏診所{n + 1}", address_en=f"{n + 1} Tai Po Road", by="test", now=now,
        )
        for n in range(places)
    ]  # fmt: skip
    case = _case(db, person, institution, now, sent=sent)
    return Accepted(
        institution.id or 0, institution.number, case.reference, [e.number for e in entered]
    )


def _case(
    db: Session, person: Person, institution: Institution, now: datetime, *, sent: bool
) -> Case:
    case = cases.start(
        db, sort="registration", kind="CLG", applicant_id=person.id or 0, language="en",
        version="2026-11-01", now=now,
    )  # fmt: skip
    case.state, case.institution_id = State.ACCEPTED, institution.id
    case.submitted_at = case.decided_at = now
    case.handed_over_at = now if sent else None
    case.title_en = institution.name_en
    db.add(case)
    db.flush()
    return case


def authority(app: Flask) -> Authority:
    """An issuing authority below a root of its own."""
    keys.forget_keys()
    with unit_of_work(app) as db:
        now = datetime.now(UTC)
        root = authorities.make_root(settings().home / "ca-root", now)
        return authorities.make_authority(db, root, by="test", now=now)


def signing_request(key: object = None, **extension: object) -> bytes:
    """A signing request in PEM, over a fresh P-256 key unless one is given."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject("anything"))
    for value in extension.values():
        builder = builder.add_extension(value, critical=True)  # type: ignore[arg-type]
    made = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), SHA256())  # type: ignore[arg-type]
    return made.public_bytes(Encoding.PEM)


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def any_certificate(name: str = "any") -> bytes:
    """Bytes of a certificate that nobody checks, at once: DER."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)


def issued(db: Session, location: ServiceLocation, **otherwise: object) -> int:
    """A certificate as if it had been issued; its bytes are nobody's. `otherwise`: columns."""
    now = datetime.now(UTC)
    holder = db.exec(select(Authority)).first() or Authority(
        name="any", key_label="any", certificate=any_certificate(), root=any_certificate(),
        created_at=now,
    )  # fmt: skip
    db.add(holder)
    db.flush()
    mark = secrets.token_hex(16)
    columns = {
        "way": "csr", "requested_by": "test", "requested_at": now, "issued_at": now,
        "not_before": now, "not_after": now + timedelta(days=365), "tbs": b"tbs",
        "certificate": any_certificate(),
    }  # fmt: skip
    made = Certificate(
        **{**columns, **otherwise}, location_id=location.id or 0, authority_id=holder.id,
        asked=mark, spki=mark.encode(), spki_sha256=mark, serial=mark,
    )  # fmt: skip
    db.add(made)
    db.flush()
    return made.id or 0


def place_numbered(db: Session, number: str) -> ServiceLocation:
    return db.exec(select(ServiceLocation).where(ServiceLocation.number == number)).one()
