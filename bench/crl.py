"""What a list of 20,000 revoked certificates costs to sign, against `openssl ca -gencrl`."""

import hashlib
import secrets
import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from flask import Flask
from sqlalchemy import insert
from sqlmodel import SQLModel

from bench.common import end, figure, interleaved
from bench.issue import key_of, pem_of, prepare
from bench.peers.certificates import OpensslAuthority
from portal.certificates import revocation_lists
from portal.certificates.models import Authority, Certificate, RevocationList
from portal.certificates.rules import Reason, Way
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import Settings, use_settings
from portal.registry.models import ServiceLocation

NOW = datetime.now(UTC).replace(microsecond=0)
ENTRIES, ROUNDS = 20_000, 5
GOAL = 2.0


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        use_settings(Settings(portal_home=Path(home) / "var", database_url="", redis_url=""))
        app = create_app()
        SQLModel.metadata.create_all(db.engine())
        authority, place = prepare(app)
        serials = revoke_many(authority, place)
        peer = OpensslAuthority(Path(home) / "peer", pem_of(authority), key_of(authority))
        peer.revoked(serials, NOW)
        ours, theirs = interleaved([lambda: sign(app), peer.sign_list], rounds=ROUNDS)
        same_entries(authority, peer, serials)
    took = statistics.median(ours)
    held = figure(
        "crl", f"{ENTRIES} entries read, judged, signed, kept, seconds", ours=took,
        peer=statistics.median(theirs), peer_name="openssl ca -gencrl", goal="under 2",
        holds=took < GOAL,
    )  # fmt: skip
    end([held])


def revoke_many(authority: Authority, place: ServiceLocation) -> list[int]:
    """Revoked certificates on record; their bytes do not matter here."""
    serials = [secrets.randbits(127) | (1 << 126) for _ in range(ENTRIES)]
    with apart() as rows:
        rows.execute(insert(Certificate), [_row(authority, place, serial) for serial in serials])
    return serials


def _row(authority: Authority, place: ServiceLocation, serial: int) -> dict[str, object]:
    name = f"{serial:032x}"
    return {
        "location_id": place.id, "way": Way.CSR, "asked": name, "spki": b"",
        "spki_sha256": hashlib.sha256(name.encode()).hexdigest(), "requested_by": "bench",
        "requested_at": NOW, "authority_id": authority.id, "serial": name, "not_before": NOW,
        "not_after": NOW + timedelta(days=300), "tbs": b"", "tbs_sha256": "", "refused": "",
        "revoked_at": NOW, "revoked_by": "bench", "revocation_reason": Reason.KEY_COMPROMISE,
    }  # fmt: skip


def sign(app: Flask) -> None:
    with unit_of_work(app):
        revocation_lists.sign_lists(real=datetime.now(UTC))


def same_entries(authority: Authority, peer: OpensslAuthority, serials: list[int]) -> None:
    with apart() as rows:
        ours = x509.load_der_x509_crl(rows.get_one(RevocationList, authority.id).der)
    theirs = x509.load_pem_x509_crl(peer.sign_list())
    assert {e.serial_number for e in ours} == {e.serial_number for e in theirs} == set(serials)


if __name__ == "__main__":
    main()
