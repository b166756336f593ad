"""bin/portal certificate and ca edge: what support and operators do at the command line."""

import json

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from jobs.running import run_waiting
from portal.certificates.certificate_commands import certificate
from portal.certificates.commands import ca
from portal.kernel.problems import NotHere, Refused
from tests.connecting import entered_location, ready_to_issue


def run(group, *arguments: str) -> str:
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def request_file(tmp_path):
    def made(key) -> str:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anything")])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
        file = tmp_path / "request.csr"
        file.write_bytes(request.public_bytes(Encoding.PEM))
        return str(file)

    return made


def test_support_asks_and_fetches(app, request_file):
    ready_to_issue(app)
    place, key = entered_location(app), ec.generate_private_key(ec.SECP256R1())
    number = run(certificate, "issue", place.number, "--csr", request_file(key)).strip()
    with pytest.raises(Refused, match="not issued yet"):
        run(certificate, "show", number)
    run_waiting(app)
    made = x509.load_pem_x509_certificate(run(certificate, "show", number).encode())
    assert made.public_key() == key.public_key()
    [row] = json.loads(run(certificate, "list", "--json"))
    assert row["location"] == place.number and row["issued_at"] and not row["revoked_at"]
    assert place.number in run(certificate, "list", "--location", place.number)


def test_what_is_weak_or_unknown_is_refused_with_its_reason(app, request_file):
    place = entered_location(app)
    weak = request_file(rsa.generate_private_key(65537, 1024))
    with pytest.raises(Refused, match="1024 bits|must have"):
        run(certificate, "issue", place.number, "--csr", weak)
    with pytest.raises(NotHere):
        run(certificate, "issue", "HSL-AAA-AAA-AAA", "--csr", request_file(
            ec.generate_private_key(ec.SECP256R1())
        ))  # fmt: skip
    with pytest.raises(NotHere):
        run(certificate, "show", "77")


def test_what_nginx_needs_is_written_once_and_privately(app, tmp_path):
    ready_to_issue(app)
    assert "written" in run(ca, "edge", "--folder", str(tmp_path))
    assert (tmp_path / "edge-secret.conf").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "chain.pem").read_text().count("BEGIN CERTIFICATE") == 2
    assert run(ca, "edge", "--folder", str(tmp_path)) == ""
