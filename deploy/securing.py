"""What bin/run prepares for the nginx of https://localhost:8443: its configuration and identity.

The configuration is deploy/nginx/connection.conf with the names of this machine in it.
"""

import datetime
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = Path(__file__).resolve().parents[1]
LASTS, RENEWED = datetime.timedelta(days=397), datetime.timedelta(days=30)

# One process that is its own master: killed, it leaves no orphan that would hold the port.
MAIN = """\
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
    keepalive_requests 10000;
{site}
}}
"""


def prepare(folder: Path, *, listen: str, upstream: str, log: Path) -> None:
    """Write nginx.conf below `folder`, and the server's certificate where it is not there.

    `listen`, `upstream`: HOST:PORT of nginx and of the portal behind it.
    """
    (folder / "temp").mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(
        MAIN.format(folder=folder, site=site(folder, listen, upstream, log))
    )
    key, certificate = folder / "server.key.pem", folder / "server.pem"
    if not lasts(certificate) or not key.exists():
        make_certificate(key, certificate)


def site(folder: Path, listen: str, upstream: str, log: Path) -> str:
    """The sample with this machine's names."""
    found = (ROOT / "deploy/nginx/connection.conf").read_text()
    for sample, here in {
        "listen 443 ssl http2;": f"listen {listen} ssl http2;",
        "server_name connect.example.hk;": "server_name localhost;",
        "server 127.0.0.1:8000;": f"server {upstream};",
        "/etc/ehealth-portal/tls/certificate.pem": f"{folder}/server.pem",
        "/etc/ehealth-portal/tls/key.pem": f"{folder}/server.key.pem",
        "include /etc/ehealth-portal/edge/": f"include {folder}/",
        "ssl_client_certificate /etc/ehealth-portal/edge/": f"ssl_client_certificate {folder}/",
        "/var/log/nginx/connection.log": str(log),
        "/var/log/nginx/connection-error.log": str(log.with_stem(f"{log.stem}-error")),
        "/srv/ehealth-portal/static/": f"{ROOT}/static/",
    }.items():
        assert sample in found, f"connection.conf no longer says {sample}"
        found = found.replace(sample, here)
    return found


def lasts(certificate: Path) -> bool:
    """Whether there is a certificate that holds for a while yet."""
    if not certificate.exists():
        return False
    ends = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    return ends - datetime.datetime.now(datetime.UTC) > RENEWED


def make_certificate(key_file: Path, certificate_file: Path) -> None:
    """A self-signed certificate for localhost: browsers warn of it, and rightly so."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    here = [ipaddress.ip_address(address) for address in ("127.0.0.1", "::1")]
    names = [x509.DNSName("localhost"), *map(x509.IPAddress, here)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.unlink(missing_ok=True)
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    certificate_file.write_bytes(made.public_bytes(Encoding.PEM))


def reachable(listen: str) -> str:
    """Where nginx finds the portal: one that listens everywhere is also on this machine."""
    host, _, port = listen.rpartition(":")
    everywhere = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}
    return f"{everywhere.get(host, host)}:{port}"


if __name__ == "__main__":
    home, portal = Path(os.environ["PORTAL_HOME"]), os.environ["PORTAL_LISTEN"]
    secure = f"{portal.rpartition(':')[0]}:{os.environ['SECURE_PORT']}"
    prepare(
        home / "nginx", listen=secure, upstream=reachable(portal), log=home / "log/connection.log"
    )
    sys.exit(0)
