"""A service location gets its certificate and connects: real keys, real nginx, by Python's ssl."""

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.browser.stories.running import Portal
from tests.connecting import private_pem
from tests.services import wait_until

ISSUED = 60.0


@dataclass(frozen=True)
class Device:
    """A computer at a service location, with the key that was made on it."""

    portal: Portal
    certificate: Path
    key: Path

    def connection(self) -> dict[str, Any]:
        """What the portal says of its certificate, the status among it."""
        context = ssl.create_default_context(cafile=str(self.portal.home / "nginx/server.pem"))
        context.load_cert_chain(self.certificate, self.key)
        line = http.client.HTTPSConnection("localhost", self.portal.secure_port, context=context)
        line.request("GET", "/api/connection")
        answer = line.getresponse()
        told = {"status": answer.status, **json.loads(answer.read())}
        line.close()
        return told


def equip(portal: Portal, location: str, folder: Path) -> Device:
    """A key and a signing request made here, the certificate asked for by our support."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, location)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    files = {end: folder / f"{location}.{end}" for end in ("csr", "key", "pem")}
    files["csr"].write_bytes(request.public_bytes(Encoding.PEM))
    files["key"].write_bytes(private_pem(key))
    number = portal.command("certificate", "issue", location, "--csr", str(files["csr"])).strip()

    def is_issued() -> bool:
        listed = json.loads(portal.command("certificate", "list", "--location", location, "--json"))
        return any(row["request"] == int(number) and row["issued_at"] for row in listed)

    wait_until(is_issued, ISSUED)
    files["pem"].write_text(portal.command("certificate", "show", number))
    return Device(portal, files["pem"], files["key"])


def connect_all(portal: Portal, locations: list[str], folder: Path) -> list[Device]:
    """Every one of these places installs its certificate and uses it for the first time."""
    devices = [equip(portal, location, folder) for location in locations]
    for location, device in zip(locations, devices, strict=True):
        told = device.connection()
        assert (told["status"], told["location"]) == (200, location), told
    return devices
