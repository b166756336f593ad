"""Certificates are issued by a job: reserved, judged, signed, kept; the same after a crash."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlmodel import select

from jobs.running import run_waiting
from portal.certificates import actions, issuing, keys
from portal.certificates.models import Authority, Certificate, RevocationList
from portal.certificates.rules import Reason
from portal.infra.db import apart
from portal.kernel.problems import Refused
from portal.registry.actions import end_location
from portal.registry.models import ServiceLocation
from tests.jobs.certifying import NOW, asked, stored


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


@pytest.mark.parametrize("both", [False, True])
def test_bytes_that_were_changed_on_record_are_not_signed(app, authority, location, session, both):
    """Whoever can write to the database alone gets no signature over bytes of their own."""
    number = asked(app, location)
    with app.test_request_context():
        assert issuing.reserve(number, real=NOW, today=NOW)
        with apart() as db:
            row = db.get_one(Certificate, number)
            row.tbs = row.tbs.replace(location.number.encode(), b"HSL-AAA-AAA-AAA")
            if both:
                row.tbs_sha256 = hashlib.sha256(row.tbs).hexdigest()
            db.add(row)
        with pytest.raises(issuing.Changed), apart() as db:
            issuing.signature(db, number)
    run_waiting(app)
    assert stored(session, number).certificate is None
