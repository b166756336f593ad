"""The straightforward authority, as peer of ours: `openssl ca` with its text file as database."""

import subprocess
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

CONFIGURATION = """\
[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = made
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 365
default_crl_days = 7
policy = named
x509_extensions = client
crl_extensions = list
unique_subject = no
[named]
countryName = supplied
organizationName = supplied
commonName = supplied
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://127.0.0.1/1.crl
authorityInfoAccess = OCSP;URI:http://127.0.0.1/ocsp,caIssuers;URI:http://127.0.0.1/1.cer
[list]
authorityKeyIdentifier = keyid
"""


class OpensslAuthority:
    """A folder with an authority in it; key and certificate are given, so that both sign alike."""

    def __init__(self, folder: Path, certificate: bytes, key: bytes) -> None:
        self.folder = folder
        (folder / "made").mkdir(parents=True)
        for name, content in (
            ("ca.pem", certificate), ("ca.key", key), ("openssl.cnf", CONFIGURATION.encode()),
            ("index.txt", b""), ("serial", b"1000\n"), ("crlnumber", b"01\n"),
        ):  # fmt: skip
            (folder / name).write_bytes(content)

    def issue(self, requests: Sequence[Path]) -> None:
        """Certificates for several requests in one start of the program: its quickest way."""
        self._run("-notext", "-infiles", *(str(path) for path in requests))

    def revoked(self, serials: Iterable[int], now: datetime) -> None:
        """Put revoked certificates on its record."""
        ends, began = f"{now + timedelta(days=300):%y%m%d%H%M%SZ}", f"{now:%y%m%d%H%M%SZ}"
        lines = [
            f"R\t{ends}\t{began},keyCompromise\t{serial:032X}\tunknown\t/C=HK/O=HCI/CN=HSL\n"
            for serial in serials
        ]
        (self.folder / "index.txt").write_text("".join(lines))

    def sign_list(self) -> bytes:
        self._run("-gencrl", "-out", "crl.pem")
        return (self.folder / "crl.pem").read_bytes()

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", "ca", "-batch", "-config", "openssl.cnf", *arguments],
            cwd=self.folder, check=True, capture_output=True,
        )  # fmt: skip
