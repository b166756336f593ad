"""Answers about certificates, judged by openssl: OCSP by POST and by address, and the lists."""

import base64
import hashlib
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from asn1crypto import ocsp as asn1
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as some
from sqlmodel import select
from werkzeug.serving import make_server

from jobs.running import run_waiting
from portal.certificates import actions, own_keys
from portal.certificates import authorities as them
from portal.certificates import ocsp as responder
from portal.certificates.models import Authority, Certificate, OwnKey, RevocationList
from portal.certificates.ocsp import Malformed, read
from portal.certificates.revocation_lists import sign_lists
from portal.certificates.rules import Purpose, Reason
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import settings
from tests.jobs.certifying import NOW, asked, stored

REFUSED = ocsp.OCSPResponseStatus


@pytest.fixture
def issued(app, authority, location, session) -> Certificate:
    """A certificate, and keys that answer for its authority."""
    certify(app)
    number = asked(app, location)
    run_waiting(app)
    return stored(session, number)


def certify(app) -> None:
    with unit_of_work(app):
        own_keys.renew(real=NOW)


def revoke(app, certificate: Certificate) -> None:
    with app.app_context(), apart() as db:
        row = db.get_one(Certificate, certificate.id)
        actions.revoke(db, row, reason=Reason.KEY_COMPROMISE, by="person:1", now=NOW, real=NOW)


def pem(folder: Path, **ders: bytes) -> None:
    for name, der in ders.items():
        made = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(made)


def openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture
def served(app) -> Iterator[str]:
    """The portal by http, for a program that asks by itself."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/pki/ocsp"
    server.shutdown()
    thread.join()


def asked_by_openssl(served: str, folder: Path, authority, leaf: bytes, hashed: str) -> str:
    """openssl asks with a nonce, we answer, openssl judges the answer."""
    pem(folder, root=authority.root, ca=authority.certificate, leaf=leaf)
    return openssl(
        folder, "ocsp", hashed, "-issuer", "ca.pem", "-cert", "leaf.pem", "-url", served,
        "-CAfile", "root.pem", "-verify_other", "ca.pem",
    )  # fmt: skip


@pytest.mark.parametrize("hashed", ["-sha1", "-sha256"])
def test_openssl_takes_our_answers(app, served, authority, issued, tmp_path, hashed):
    said = asked_by_openssl(served, tmp_path, authority, issued.certificate, hashed)
    assert "Response verify OK" in said and "leaf.pem: good" in said, said
    assert "WARNING" not in said, said  # openssl sends a nonce and misses it if it is not there
    revoke(app, issued)
    said = asked_by_openssl(served, tmp_path, authority, issued.certificate, hashed)
    assert "Response verify OK" in said and "leaf.pem: revoked" in said, said
    assert "Reason: keyCompromise" in said and "Revocation Time" in said


def question(leaf, issuer, hashed=SHA1, serial: int | None = None) -> bytes:
    issuer = x509.load_der_x509_certificate(issuer)
    builder = ocsp.OCSPRequestBuilder()
    if serial is None:
        return (
            builder.add_certificate(x509.load_der_x509_certificate(leaf), issuer, hashed())
            .build()
            .public_bytes(Encoding.DER)
        )
    named = x509.load_der_x509_certificate(leaf)
    known = ocsp.OCSPRequestBuilder().add_certificate(named, issuer, hashed()).build()
    return (
        builder.add_certificate_by_hash(
            known.issuer_name_hash, known.issuer_key_hash, serial, hashed()
        )
        .build()
        .public_bytes(Encoding.DER)
    )


def post(client, der: bytes) -> ocsp.OCSPResponse:
    answer = client.post("/pki/ocsp", data=der)
    assert answer.status_code == 200
    return ocsp.load_der_ocsp_response(answer.data)


def test_a_question_in_the_address_is_answered_alike(client, authority, issued):
    der = question(issued.certificate, authority.certificate, SHA256)
    for written in (quote(base64.b64encode(der), safe=""), base64.b64encode(der).decode()):
        answer = client.get(f"/pki/ocsp/{written}")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        found = ocsp.load_der_ocsp_response(answer.data)
        assert found.certificate_status is ocsp.OCSPCertStatus.GOOD


def test_slashes_side_by_side_in_the_address_stay(client, authority):
    assert post_by_address(client, "MAA//8A=") is REFUSED.MALFORMED_REQUEST


def post_by_address(client, written: str) -> ocsp.OCSPResponseStatus:
    answer = client.get(f"/pki/ocsp/{written}")
    assert answer.status_code == 200, answer.headers
    return ocsp.load_der_ocsp_response(answer.data).response_status


def test_what_was_never_issued_is_unknown(app, client, authority, issued, location, session):
    der = question(issued.certificate, authority.certificate, serial=12345)
    assert post(client, der).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    # Reserved is not issued.
    number = asked(app, location, name="form-2")
    with app.test_request_context():
        from portal.certificates import issuing

        assert issuing.reserve(number, real=NOW, today=NOW)
    serial = int(stored(session, number).serial, 16)
    der = question(issued.certificate, authority.certificate, serial=serial)
    assert post(client, der).certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def test_each_authority_answers_by_a_key_of_its_own(app, client, authority, issued, session):
    with unit_of_work(app) as db:
        root = them.open_root(settings().home / "ca-root")
        second = them.make_authority(db, root, by="test", now=NOW)
    foreign = question_to(second, int(issued.serial, 16))
    assert post(client, foreign).response_status is REFUSED.TRY_LATER
    certify(app)
    # The first one's serial is no serial of the second.
    assert post(client, foreign).certificate_status is ocsp.OCSPCertStatus.UNKNOWN
    own = post(client, question(issued.certificate, authority.certificate))
    assert own.certificate_status is ocsp.OCSPCertStatus.GOOD
    [first] = own.certificates
    ca = x509.load_der_x509_certificate(authority.certificate)
    first.verify_directly_issued_by(ca)
    assert (
        x509.ExtendedKeyUsageOID.OCSP_SIGNING
        in first.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    )
    assert first.extensions.get_extension_for_class(x509.OCSPNoCheck)
    session.rollback()
    papers = session.exec(select(OwnKey).where(OwnKey.purpose == Purpose.PAPERS)).all()
    assert {each.authority_id for each in papers} == {authority.id, second.id}


def question_to(authority: Authority, serial: int) -> bytes:
    issuer = x509.load_der_x509_certificate(authority.certificate)
    name = hashlib.sha1(issuer.subject.public_bytes()).digest()
    key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, SHA1())
    return builder.build().public_bytes(Encoding.DER)


def test_questions_about_others_certificates_are_not_ours_to_answer(client, authority, issued):
    der = question(authority.certificate, authority.root)
    assert post(client, der).response_status is REFUSED.UNAUTHORIZED


@pytest.mark.parametrize("length", [0, 129])
def test_a_nonce_of_a_wrong_length_is_malformed(client, authority, issued, length):
    der = question_with_nonce(authority, issued, length)
    assert post(client, der).response_status is REFUSED.MALFORMED_REQUEST


def question_with_nonce(authority, issued, length: int) -> bytes:
    return (
        ocsp.OCSPRequestBuilder()
        .add_certificate(
            x509.load_der_x509_certificate(issued.certificate),
            x509.load_der_x509_certificate(authority.certificate), SHA1(),
        )
        .add_extension(x509.OCSPNonce(b"n" * length), critical=False)
        .build().public_bytes(Encoding.DER)
    )  # fmt: skip


def test_the_nonce_comes_back(client, authority, issued):
    found = post(client, question_with_nonce(authority, issued, 32))
    [nonce] = found.extensions
    assert nonce.value.nonce == b"n" * 32


def test_many_certificates_are_answered_at_once(client, authority, issued):
    one = asn1.OCSPRequest.load(question(issued.certificate, authority.certificate))
    entry = one["tbs_request"]["request_list"][0]
    many = asn1.OCSPRequest({"tbs_request": {"request_list": [entry, entry, entry]}}).dump()
    assert len(list(post(client, many).responses)) == 3
    too_many = asn1.OCSPRequest({"tbs_request": {"request_list": [entry] * 11}}).dump()
    assert post(client, too_many).response_status is REFUSED.MALFORMED_REQUEST


def test_an_answer_ends_within_the_hour(client, authority, issued):
    found = post(client, question(issued.certificate, authority.certificate))
    assert found.next_update_utc - found.this_update_utc == timedelta(hours=1)


def test_however_many_are_asked_about_the_authorities_are_read_once(
    client, authority, issued, monkeypatch
):
    read_times = []
    monkeypatch.setattr(
        responder, "authorities", lambda db: read_times.append(1) or them.authorities(db)
    )
    one = asn1.OCSPRequest.load(question(issued.certificate, authority.certificate))
    entry = one["tbs_request"]["request_list"][0]
    many = asn1.OCSPRequest({"tbs_request": {"request_list": [entry] * 10}}).dump()
    assert len(list(post(client, many).responses)) == 10
    assert len(read_times) == 1


@pytest.mark.parametrize("kind", ["cer", "crl"])
@pytest.mark.parametrize("number", ["2147483647", "2147483648", "99999999999999999999"])
def test_an_authority_s_number_beyond_all_numbers_is_not_there(client, authority, number, kind):
    assert client.get(f"/pki/{number}.{kind}").status_code == 404


@pytest.mark.parametrize("junk", [b"", b"0", b"\x30\x00", b"x" * 30_000, b"\x30\x80" * 9000])
def test_junk_is_malformed_and_never_an_error(client, authority, junk):
    assert post(client, junk).response_status is REFUSED.MALFORMED_REQUEST


@given(some.binary(max_size=300))
@trying(max_examples=300)
def test_any_bytes_are_read_or_malformed(der):
    with suppress(Malformed):
        read(der)


@given(some.data())
@trying(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_question_is_never_an_error(app, client, authority, issued, data):
    der = bytearray(question_with_nonce(authority, issued, 16))
    for _ in range(data.draw(some.integers(1, 4))):
        der[data.draw(some.integers(0, len(der) - 1))] = data.draw(some.integers(0, 255))
    post(client, bytes(der))


def test_a_machine_needs_no_token_and_a_person_does(app, client):
    from portal.infra.guards import guard_of, is_for_machines

    machines = {name for name, view in app.view_functions.items() if is_for_machines(view)}
    assert machines == {"pki.ocsp", "pki.ocsp_by_address"}
    assert all(guard_of(app.view_functions[name]) == "public" for name in machines)
    assert app.test_client().post("/pki/ocsp", data=b"x").status_code == 200
    # Any other form without a token is refused.
    refused = app.test_client().open("/en/enquiry", method="POST", data={"csrf_token": ""})
    assert refused.status_code == 400


def test_an_expired_key_of_ours_is_not_used(app, client, authority, issued, session):
    with apart() as db:
        for each in db.exec(select(OwnKey)):
            each.not_after = NOW
            db.add(each)
    der = question(issued.certificate, authority.certificate)
    assert post(client, der).response_status is REFUSED.TRY_LATER
    certify(app)
    assert post(client, der).certificate_status is ocsp.OCSPCertStatus.GOOD


def test_our_keys_are_renewed_at_half_life_and_finished_after_a_crash(app, authority, session):
    certify(app)
    with unit_of_work(app):
        assert own_keys.renew(real=NOW) == 0
        later = NOW + own_keys.OWN_KEYS_LAST[Purpose.OCSP] / 2
        assert own_keys.renew(real=later) == 1
    with apart() as db:
        cut_off = db.exec(select(OwnKey).order_by(OwnKey.id.desc())).first()
        first, cut_off.certificate = cut_off.certificate, None
        db.add(cut_off)
    with unit_of_work(app):
        assert own_keys.renew(real=later) == 1
    session.rollback()
    assert session.get_one(OwnKey, cut_off.id).certificate == first


@pytest.mark.parametrize("revoked", [False, True])
def test_openssl_checks_against_our_list(app, authority, issued, session, tmp_path, revoked):
    if revoked:
        revoke(app, issued)
    sign_lists(real=NOW)
    run_waiting(app)
    session.rollback()
    published = session.get_one(RevocationList, authority.id)
    listed = x509.load_der_x509_crl(published.der)
    (tmp_path / "crl.pem").write_bytes(listed.public_bytes(Encoding.PEM))
    pem(tmp_path, root=authority.root, ca=authority.certificate, leaf=issued.certificate)
    said = openssl(
        tmp_path, "verify", "-crl_check", "-CAfile", "root.pem", "-untrusted", "ca.pem",
        "-CRLfile", "crl.pem", "leaf.pem",
    )  # fmt: skip
    assert ("certificate revoked" in said) == revoked, said
    assert ("leaf.pem: OK" in said) != revoked, said
