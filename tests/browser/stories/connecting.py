"""A service location gets its certificate and connects: real keys, real nginx, by Python's ssl."""

import http.client
import json
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.browser.stories.applicant import Applicant
from tests.browser.stories.running import Portal
from tests.connecting import private_pem


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


def equip(portal: Portal, applicant: Applicant, place: str, folder: Path) -> Device:
    """A key and a signing request made here; the certificate by the institution's own pages."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, place)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())
    key_file, certificate = folder / f"{place}.key", folder / f"{place}.pem"
    key_file.write_bytes(private_pem(key))
    asked = request.public_bytes(Encoding.PEM).decode()
    certificate.write_bytes(applicant.certificate_by_request(place, asked))
    return Device(portal, certificate, key_file)


def equip_with_made_key(portal: Portal, applicant: Applicant, place: str, folder: Path) -> Device:
    """The key made by the portal and fetched with the code of the letter; opened by openssl."""
    package, code = applicant.certificate_with_made_key(place)
    file, whole = folder / f"{place}.p12", folder / f"{place}.pem"
    file.write_bytes(package)
    subprocess.run(
        ["openssl", "pkcs12", "-in", file, "-nodes", "-passin", f"pass:{code}", "-out", whole],
        check=True, capture_output=True,
    )  # fmt: skip
    return Device(portal, whole, whole)


def connect_all(
    portal: Portal, applicant: Applicant, places: list[str], folder: Path
) -> list[Device]:
    """Every one of these places installs its certificate and uses it for the first time."""
    devices = [equip_with_made_key(portal, applicant, places[0], folder)]
    devices += [equip(portal, applicant, place, folder) for place in places[1:]]
    for place, device in zip(places, devices, strict=True):
        told = device.connection()
        assert (told["status"], told["location"]) == (200, place), told
    return devices
