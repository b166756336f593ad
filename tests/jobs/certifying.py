"""What tests of certificates share: asking for one, an authority, a place, a token."""

import subprocess
from datetime import UTC, datetime

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session

from portal.certificates import actions, authorities, keys
from portal.certificates.models import Authority, Certificate
from portal.certificates.rules import Way
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import settings, use_settings
from portal.registry.actions import enter_institution, enter_location
from portal.registry.models import ServiceLocation

NOW = datetime.now(UTC)
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


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
def authority(app, monkeypatch) -> Authority:
    keys.forget_keys()
    # Making keys of the real size takes seconds a test.
    monkeypatch.setattr(keys, "SIZE", 2048)
    monkeypatch.setattr(authorities, "ROOT_SIZE", 2048)
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
