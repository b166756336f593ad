"""Certificates are issued by a job: reserved, judged, signed, kept; the same after a crash."""

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.certificates import actions, authorities, issuing, keys
from portal.certificates.models import Authority, Certificate, RevocationList
from portal.certificates.rules import Reason, Way
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import settings, use_settings
from portal.kernel.problems import Refused
from portal.registry.actions import end_location, enter_institution, enter_location
from portal.registry.models import ServiceLocation

NOW = datetime.now(UTC)
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture(autouse=True)
def known_jobs():
    import_jobs()


@pytest.fixture
def softhsm(portal_settings, tmp_path, monkeypatch):
    """A PKCS#11 token of this test's own, by SoftHSM."""
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "portal", "--pin", "1234",
         "--so-pin", "5678"], check=True, capture_output=True,
    )  # fmt: skip
    chosen = portal_settings.model_copy(
        update={"ca_keys": f"pkcs11:token=portal?module-path={SOFTHSM}", "ca_pin": "1234"}
    )
    use_settings(chosen)
    keys.forget_keys()
    # The library reads its configuration once a process, and other tests may have used it.
    pkcs11.lib(SOFTHSM).reinitialize()
    yield chosen
    keys.forget_keys()


@pytest.fixture
def authority(app) -> Authority:
    keys.forget_keys()
    with unit_of_work(app) as db:
        root = authorities.make_root(settings().home / "ca-root", NOW)
        return authorities.make_authority(db, root, by="test", now=NOW)


@pytest.fixture
def location(app) -> ServiceLocation:
    with app.app_context(), apart() as db:
        owner = enter_institution(db, kind="CLG", name_en="Chan & Co", by="test", now=NOW)
        return enter_location(
            db, owner, district="ssp", name_en="Chan Clinic", address_en="1 Tai Po Road",
            by="test", now=NOW,
        )  # fmt: skip


def spki(key=None) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def asked(app, location, key=None, name: str = "form-1") -> int:
    with app.app_context(), apart() as db:
        wanted = actions.ask(
            db, location, way=Way.CSR, spki=spki(key), asked=name, by="person:1",
            now=NOW, real=NOW,
        )  # fmt: skip
        assert wanted.id
        return wanted.id


def stored(session: Session, number: int) -> Certificate:
    session.rollback()
    return session.get_one(Certificate, number, populate_existing=True)


def test_a_request_becomes_a_certificate_that_openssl_takes(
    app, authority, location, session, tmp_path
):
    key = ec.generate_private_key(ec.SECP256R1())
    number = asked(app, location, key)
    run_waiting(app)
    row = stored(session, number)
    made = x509.load_der_x509_certificate(row.certificate)
    assert made.public_key() == key.public_key()
    assert made.serial_number == int(row.serial, 16)
    assert hashlib.sha256(made.tbs_certificate_bytes).hexdigest() == row.tbs_sha256
    assert location.number in made.subject.rfc4514_string()
    judged = openssl_verify(tmp_path, authority, row.certificate)
    assert judged.returncode == 0, judged.stderr


def openssl_verify(folder: Path, authority: Authority, der: bytes):
    """What another author's program says of the certificate, as a client's."""
    for name, content in (
        ("root", authority.root), ("ca", authority.certificate), ("leaf", der),
    ):  # fmt: skip
        pem = x509.load_der_x509_certificate(content).public_bytes(Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(pem)
    return subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "root.pem",
         "-untrusted", "ca.pem", "leaf.pem"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip


def test_a_token_signs_as_a_file_does(softhsm, app, authority, location, session, tmp_path):
    number = asked(app, location)
    run_waiting(app)
    row = stored(session, number)
    assert openssl_verify(tmp_path, authority, row.certificate).returncode == 0
    signer = keys.signer(authority.key_label)
    assert isinstance(signer, keys.TokenSigner)
    assert signer.sign(b"the same") == signer.sign(b"the same")


def test_reserved_and_cut_off_it_becomes_the_same_certificate(app, authority, location, session):
    number = asked(app, location)
    with app.test_request_context():
        assert issuing.reserve(number, real=NOW, today=NOW)
        with apart() as db:
            first = issuing.signature(db, number)
    # The signature is lost here: the process died before it was kept.
    run_waiting(app)
    assert stored(session, number).certificate == first


def test_the_same_form_asks_once_and_a_key_is_used_once(app, authority, location, session):
    key = ec.generate_private_key(ec.SECP256R1())
    assert asked(app, location, key) == asked(app, location, key)
    with pytest.raises(Refused, match="used for a certificate before"):
        asked(app, location, key, "form-2")
    session.rollback()
    assert len(session.exec(select(Certificate)).all()) == 1


def test_a_place_that_left_before_the_job_gets_none(app, authority, location, session):
    number = asked(app, location)
    with app.app_context(), apart() as db:
        place = db.get_one(ServiceLocation, location.id)
        end_location(db, place, at=NOW, reason="closed", by="test", now=NOW)
    run_waiting(app)
    row = stored(session, number)
    assert row.certificate is None and row.refused == issuing.PLACE_GONE


def test_the_list_names_what_was_revoked(app, authority, location, session, tmp_path):
    number = asked(app, location)
    run_waiting(app)
    with app.app_context(), apart() as db:
        row = db.get_one(Certificate, number)
        assert actions.revoke(db, row, reason=Reason.KEY_COMPROMISE, by="x", now=NOW, real=NOW)
    run_waiting(app)
    session.rollback()
    published = session.exec(select(RevocationList)).one()
    listed = x509.load_der_x509_crl(published.der)
    issuer = x509.load_der_x509_certificate(authority.certificate)
    assert listed.is_signature_valid(issuer.public_key())
    assert isinstance(listed.signature_hash_algorithm, hashes.SHA256)
    entry = listed.get_revoked_certificate_by_serial_number(int(stored(session, number).serial, 16))
    assert entry.extensions[0].value.reason.value == "keyCompromise"
    assert listed.next_update_utc > NOW
