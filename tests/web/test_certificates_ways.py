"""The ways to a certificate: a signing request, a key made in the browser, a key made by us."""

import io
import re
import subprocess
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sqlmodel import select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.certificates.models import Certificate, InstallationCode
from portal.infra.audit import AuditEntry
from tests import certificates as given
from tests.people import letters_to

import_jobs()


@pytest.fixture
def ours(app, applicant):
    return given.accepted(app, applicant)


@pytest.fixture
def client(ours, applicant, sign_in):
    client = sign_in(applicant)
    client.get(ours.certificate())
    return client


def ask(client, ours, request: bytes, **more):
    form = {"request": request.decode("latin-1"), "asked": "form-1", **more}
    return client.post(f"{ours.certificate()}request", data=form)


def rows(session):
    session.rollback()
    return session.exec(select(Certificate).order_by(Certificate.id)).all()


def test_a_pasted_request_becomes_a_certificate_to_download(app, client, ours, session):
    given.authority(app)
    key = ec.generate_private_key(ec.SECP256R1())
    answer = ask(client, ours, given.signing_request(key))
    assert answer.status_code == 303
    part = client.get(f"{answer.location}progress", headers={"HX-Request": "true"}).text
    assert "hx-get" in part and "<!doctype" not in part
    assert client.get(f"{answer.location}certificate.pem").status_code == 404
    run_waiting(app)
    assert "hx-get" not in client.get(f"{answer.location}progress").text
    pem = client.get(f"{answer.location}certificate.pem").data
    der = client.get(f"{answer.location}certificate.cer").data
    made = x509.load_pem_x509_certificate(pem)
    assert made == x509.load_der_x509_certificate(der)
    assert made.public_key() == key.public_key()
    chain = x509.load_pem_x509_certificates(client.get(f"{answer.location}chain.pem").data)
    assert chain[0] == made and chain[1].subject == made.issuer


def test_a_request_may_come_as_a_file(client, ours, session):
    form = {
        "csrf_token": client.token,
        "asked": "f",
        "request": "",
        "file": (io.BytesIO(given.signing_request()), "clinic.csr"),
    }
    answer = client.post(f"{ours.certificate()}request", data=form)
    assert answer.status_code == 303
    assert rows(session)[0].way == "csr"


CA = x509.BasicConstraints(ca=True, path_length=None)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (lambda: b"nothing of the kind", "not a certificate signing request"),
        (lambda: b"", "not a certificate signing request"),
        (lambda: given.signing_request(rsa.generate_private_key(65537, 1024)), "1024 bits"),
        (lambda: given.signing_request(ec.generate_private_key(ec.SECP521R1())), "P-256 or P-384"),
        (lambda: given.signing_request(ca=CA), "certificate authority"),
        (lambda: tampered(given.signing_request()), "does not fit its key"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, ours, session, request_, sentence):
    sent = request_()
    answer = ask(client, ours, sent)
    assert answer.status_code == 422 and sentence in answer.text
    assert 'id="request-error"' in answer.text
    assert sent.decode().strip()[:40] in answer.text
    assert rows(session) == []


def tampered(request: bytes) -> bytes:
    """Another byte in the signature at the end."""
    from base64 import b64decode, encodebytes

    lines = request.decode().strip().splitlines()
    der = bytearray(b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    return "\n".join([lines[0], encodebytes(bytes(der)).decode().strip(), lines[-1]]).encode()


def test_a_key_of_an_unknown_kind_is_refused(client, ours):
    key = ed25519.Ed25519PrivateKey.generate()
    made = x509.CertificateSigningRequestBuilder().subject_name(given.subject("x")).sign(key, None)
    from cryptography.hazmat.primitives.serialization import Encoding

    answer = ask(client, ours, made.public_bytes(Encoding.PEM))
    assert answer.status_code == 422 and "P-256 or P-384" in answer.text


def test_a_private_key_is_not_shown_again(client, ours):
    secret = b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
    answer = ask(client, ours, secret)
    assert answer.status_code == 422 and "Never send it to anybody" in answer.text
    assert "MHcCAQEE" not in answer.text


def test_a_key_is_certified_once(client, ours, session):
    sent = given.signing_request()
    assert ask(client, ours, sent).location == ask(client, ours, sent).location
    again = ask(client, ours, sent, asked="form-2")
    assert again.status_code == 422 and "used for a certificate before" in again.text
    assert len(rows(session)) == 1


def test_the_page_s_own_script_gets_the_bytes_when_they_are_there(app, client, ours):
    given.authority(app)
    form = {"request": given.signing_request().decode(), "asked": "b"}
    told = client.post(f"{ours.certificate()}from-browser", data=form).json
    assert client.get(told["state"]).json == {"waiting": True}
    run_waiting(app)
    assert set(client.get(told["state"]).json) == {"certificate", "issuer"}


def test_the_script_is_told_why_a_request_is_refused(client, ours):
    answer = client.post(f"{ours.certificate()}from-browser", data={"request": "x", "asked": "b"})
    assert answer.status_code == 422 and "not a certificate" in answer.json["problem"]


def test_the_office_asks_for_nothing(client, ours, registration_officer, sign_in, session):
    officer = sign_in(registration_officer)
    page = officer.get(ours.certificate()).text
    assert "Only the institution itself" in page and "<textarea" not in page
    officer.get(ours.set_up)
    assert ask(officer, ours, given.signing_request()).status_code == 422
    assert officer.post(f"{ours.certificate()}made").status_code == 409
    assert rows(session) == []


def test_nobody_else_sees_any_of_it(client, ours, stranger, sign_in):
    other = sign_in(stranger)
    assert other.get(ours.certificate()).status_code == 404
    assert other.get(ours.set_up).status_code == 404
    other.get("/en/enquiry")
    assert ask(other, ours, given.signing_request()).status_code == 404


# Keys made by us, and the code


def made_key(app, client, ours) -> str:
    """The address of a certificate whose key we made, issued."""
    answer = client.post(f"{ours.certificate()}made", data={"asked": "made"})
    assert answer.status_code == 303
    run_waiting(app)
    return answer.location


def code_sent(app, client, ours, applicant) -> str:
    client.get(ours.set_up)
    assert client.post(f"/en/institutions/{ours.number}/code", data={}).status_code == 303
    with_code = next(m for m in unsent(app, applicant) if m.template == "installation_code")
    found = re.search(r"^[A-Z2-9]{4}(-[A-Z2-9]{4}){3}$", with_code.body_text, re.MULTILINE)
    run_waiting(app)
    assert found
    return found[0]


def unsent(app, person):
    """The letters as they are before they are handed over: their words are forgotten then."""
    from portal.certificates import code_actions
    from portal.infra.db import unit_of_work
    from portal.infra.tickets_models import Ticket

    with unit_of_work(app) as db:
        job = select(Ticket).where(Ticket.job == "send_installation_code")
        ticket = db.exec(job.order_by(Ticket.created_at.desc())).first()
        code_actions.send(db, **ticket.args, now=datetime.now(UTC))
        ticket.state = "done"
        db.add(ticket)
    return letters_to(app, person.email)


def test_a_made_key_is_fetched_once_with_the_code(app, client, ours, applicant, session, tmp_path):
    given.authority(app)
    where = made_key(app, client, ours)
    code = code_sent(app, client, ours, applicant)
    client.get(where)
    # As one types it: small letters, spaces.
    fetched = client.post(f"{where}fetch", data={"code": code.lower().replace("-", " ")})
    assert fetched.status_code == 200 and fetched.mimetype == "application/x-pkcs12"
    (row,) = rows(session)
    assert row.sealed_key is None and row.fetched_at
    (tmp_path / "key.p12").write_bytes(fetched.data)
    opened = subprocess.run(
        ["openssl", "pkcs12", "-in", tmp_path / "key.p12", "-nodes", "-passin", f"pass:{code}",
         "-info"], capture_output=True, text=True,
    )  # fmt: skip
    assert opened.returncode == 0, opened.stderr
    assert f"friendlyName: {ours.places[0]}" in opened.stdout
    assert opened.stdout.count("BEGIN CERTIFICATE") == 2
    assert "AES-256-CBC" in opened.stderr and "hmacWithSHA256" in opened.stderr
    again = client.post(f"{where}fetch", data={"code": code})
    assert again.status_code == 422 and "fetched before" in again.text


def test_after_five_wrong_tries_the_right_code_is_void(app, client, ours, applicant, session):
    given.authority(app)
    where = made_key(app, client, ours)
    code = code_sent(app, client, ours, applicant)
    client.get(where)
    for left in (4, 3, 2, 1):
        answer = client.post(f"{where}fetch", data={"code": "AAAA-AAAA-AAAA-AAAA"})
        assert answer.status_code == 422 and f"Tries left: {left}" in answer.text
    answer = client.post(f"{where}fetch", data={"code": "AAAA-AAAA-AAAA-AAAA"})
    assert "the last try" in answer.text
    answer = client.post(f"{where}fetch", data={"code": code})
    assert answer.status_code == 422 and "No code is valid" in answer.text
    assert rows(session)[0].sealed_key is not None
    tried = session.exec(select(AuditEntry).where(AuditEntry.action == "installation_code.wrong"))
    assert len(tried.all()) == 5


def test_another_institution_s_code_is_a_wrong_code(
    app, client, ours, applicant, stranger, sign_in
):
    given.authority(app)
    where = made_key(app, client, ours)
    code_sent(app, client, ours, applicant)
    theirs = given.accepted(app, stranger, name="Others")
    foreign = code_sent(app, sign_in(stranger), theirs, stranger)
    client.get(where)
    answer = client.post(f"{where}fetch", data={"code": foreign})
    assert answer.status_code == 422 and "Tries left: 4" in answer.text


def test_a_new_code_voids_the_one_before_and_letters_are_throttled(
    app, client, ours, applicant, session
):
    given.authority(app)
    where = made_key(app, client, ours)
    before = code_sent(app, client, ours, applicant)
    now = code_sent(app, client, ours, applicant)
    client.get(where)
    assert client.post(f"{where}fetch", data={"code": before}).status_code == 422
    assert client.post(f"{where}fetch", data={"code": now}).status_code == 200
    for _ in range(3):
        client.post(f"/en/institutions/{ours.number}/code", data={})
    answer = client.post(f"/en/institutions/{ours.number}/code", data={})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_only_the_fingerprint_of_a_code_is_kept(app, client, ours, applicant, session):
    code = code_sent(app, client, ours, applicant)
    kept = session.exec(select(InstallationCode)).one()
    assert code.replace("-", "") not in str(kept.model_dump())
    letters = [m for m in letters_to(app, applicant.email) if m.template == "installation_code"]
    assert letters[0].subject == "Your installation code for eHealth"
    assert code not in letters[0].body_text, "forgotten once it is handed over"


# Revocation


def test_the_institution_revokes_for_its_own_reasons_only(app, client, ours, session):
    given.authority(app)
    where = ask(client, ours, given.signing_request()).location
    run_waiting(app)
    page = client.get(f"{where}revoke").text
    assert "keyCompromise" in page and "privilegeWithdrawn" not in page
    answer = client.post(f"{where}revoke", data={"reason": "privilegeWithdrawn"})
    assert answer.status_code == 422 and "Say why" in answer.text
    assert client.post(f"{where}revoke", data={"reason": "superseded"}).status_code == 303
    (row,) = rows(session)
    assert row.revoked_at and row.revocation_reason == "superseded"
    page = client.get(ours.certificate()).text
    assert "by the institution" in page and "newer certificate" in page
    assert "cannot be undone" not in client.get(f"{where}revoke").text


def test_staff_revoke_for_any_reason(app, client, ours, registration_officer, sign_in, session):
    where = ask(client, ours, given.signing_request()).location
    officer = sign_in(registration_officer)
    officer.get(f"{where}revoke")
    answer = officer.post(f"{where}revoke", data={"reason": "privilegeWithdrawn"})
    assert answer.status_code == 303
    assert rows(session)[0].revocation_reason == "privilegeWithdrawn"
    assert "by the Registration Office" in client.get(ours.certificate()).text


def test_renewing_means_asking_while_the_old_one_holds(app, client, ours, session):
    given.authority(app)
    ask(client, ours, given.signing_request())
    run_waiting(app)
    page = client.get(ours.certificate()).text
    assert "Renew the certificate" in page and "install the new one first" in page
    assert ask(client, ours, given.signing_request(), asked="next").status_code == 303
    run_waiting(app)
    assert [row.revoked_at for row in rows(session)] == [None, None]


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_every_page_is_sound_in_every_language(app, client, ours, lang):
    given.authority(app)
    where = made_key(app, client, ours)
    for path in (ours.set_up, ours.certificate(), where, f"{where}revoke"):
        assert client.get(path.replace("/en/", f"/{lang}/")).status_code == 200
