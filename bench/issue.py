"""What a certificate costs: reserve, judge, sign, keep with audit, against `openssl ca`.

Seconds of processor time of one process, so certificates a second and core; P-256 subject keys,
RSA-3072 issuing key in a file, SQLite as the portal sets it.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from flask import Flask
from sqlmodel import SQLModel

from bench.common import end, figure
from bench.peers.certificates import OpensslAuthority
from portal.certificates import actions, authorities, issuing, keys, linting
from portal.certificates.models import Authority, Certificate
from portal.certificates.profiles import location_certificate
from portal.certificates.rules import Way
from portal.factory import create_app
from portal.infra import db
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import Settings, settings, use_settings
from portal.registry.actions import enter_institution, enter_location
from portal.registry.models import ServiceLocation

NOW = datetime.now(UTC)
ROUNDS, BATCH = 8, 25
GOAL = 50


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        use_settings(Settings(portal_home=Path(home) / "var", database_url="", redis_url=""))
        app = create_app()
        SQLModel.metadata.create_all(db.engine())
        authority, place = prepare(app)
        peer = OpensslAuthority(Path(home) / "peer", pem_of(authority), key_of(authority))
        with app.test_request_context():
            end([compared(authority, place, peer)])


def prepare(app: Flask) -> tuple[Authority, ServiceLocation]:
    with unit_of_work(app) as rows:
        root = authorities.make_root(settings().home / "root", NOW)
        authority = authorities.make_authority(rows, root, by="bench", now=NOW)
        owner = enter_institution(rows, kind="CLG", name_en="Bench", by="bench", now=NOW)
        place = enter_location(
            rows, owner, district="ssp", name_en="Bench", address_en="1 Road", by="bench", now=NOW
        )
    return authority, place


def compared(authority: Authority, place: ServiceLocation, peer: OpensslAuthority) -> bool:
    """Both in turns; each round begins with the other one, and the first is thrown away."""
    spent: dict[str, list[float]] = {"ours": [], "bare": [], "peer": []}
    parts: dict[str, list[float]] = {}
    for turn in range(ROUNDS + 1):
        ways: list[tuple[str, Callable[[], object]]] = [
            ("ours", partial(issue_all, ask(place, turn), parts if turn else {})),
            ("bare", partial(sign_bare, authority)),
            ("peer", partial(peer.issue, requests(peer.folder, turn))),
        ]
        for name, way in ways[:: 1 if turn % 2 else -1]:
            cost = processor(way) / BATCH
            if turn:
                spent[name].append(cost)
    lint_alone(authority, parts)
    for name, costs in parts.items():
        print(f"  {name}: {statistics.median(costs) * 1000:.2f} ms")
    ours, bare, theirs = (1 / statistics.median(spent[name]) for name in ("ours", "bare", "peer"))
    print(f"  the bare signer alone: {bare:.0f} a second and core")
    goal = min(GOAL, bare)
    return figure(
        "issue", "certificates a second and core", ours=ours, peer=theirs,
        peer_name=f"openssl ca, {BATCH} at a start, no lint, no audit",
        goal=f"at least {goal:.0f}", holds=ours >= goal,
    )  # fmt: skip


def ask(place: ServiceLocation, turn: int) -> list[int]:
    """Requests on record, as a person's form leaves them."""
    numbers = []
    actions.MOST_OPEN = BATCH
    with apart() as rows:
        for number in range(BATCH):
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            wanted = actions.ask(
                rows, place, way=Way.CSR, spki=spki, asked=f"{turn}:{number}", by="bench",
                now=NOW, real=NOW,
            )  # fmt: skip
            numbers.append(wanted.id or 0)
        rows.info.pop("tickets_to_send", None)
    return numbers


def issue_all(numbers: list[int], parts: dict[str, list[float]]) -> None:
    """As the job does it: reserved and committed, signed, kept and committed."""

    def timed(name: str, work: Callable[[], object]) -> object:
        began = time.process_time()
        done = work()
        parts.setdefault(name, []).append(time.process_time() - began)
        return done

    for number in numbers:
        reserve = partial(issuing.reserve, number, real=NOW, today=NOW)
        assert timed("reserve: build, judge, commit with audit", reserve)
        der = timed("sign and verify", partial(signature, number))
        timed("keep: commit with audit", partial(keep, number, der))


def signature(number: int) -> bytes:
    with apart() as rows:
        return issuing.signature(rows, number)


def keep(number: int, der: bytes) -> None:
    with apart() as rows:
        issuing.keep(rows, number, der, now=NOW)


def sign_bare(authority: Authority) -> None:
    for number in range(BATCH):
        keys.signer(authority.key_label).sign(b"%1000d" % number)


def lint_alone(authority: Authority, parts: dict[str, list[float]]) -> None:
    """How much of the reserving is pkilint's: judged once more, apart."""
    with apart() as rows:
        row = rows.get_one(Certificate, 1)
        builder = location_certificate(
            row.spki, issuing.subject_of(rows, row, authority),
            issuer=authorities.certificate_of(authority), serial=1 << 126, not_before=NOW,
            not_after=row.not_after or NOW,
        )  # fmt: skip
    copy = builder.sign(linting.throw_away_key(keys.SIZE), SHA256()).public_bytes(Encoding.DER)
    for _ in range(BATCH):
        cost = processor(partial(linting.judge_certificate, copy))
        parts.setdefault("of that: pkilint", []).append(cost)
    sign = partial(builder.sign, linting.throw_away_key(keys.SIZE), SHA256())
    parts["of that: the copy's signature"] = [processor(sign) for _ in range(BATCH)]


def requests(folder: Path, turn: int) -> list[Path]:
    """The peer's requests: P-256, with the names in them."""
    made = []
    for number in range(BATCH):
        names = [
            x509.NameAttribute(oid, value)
            for oid, value in (
                (x509.NameOID.COUNTRY_NAME, "HK"), (x509.NameOID.ORGANIZATION_NAME, "HCI"),
                (x509.NameOID.COMMON_NAME, f"HSL-{turn}-{number}"),
            )
        ]  # fmt: skip
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
        request = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
        made.append(folder / f"{turn}-{number}.csr")
        made[-1].write_bytes(request.public_bytes(Encoding.PEM))
    return made


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor time, of this process and of programs it waited for."""
    before = _used()
    work()
    return _used() - before


def _used() -> float:
    return sum(
        used.ru_utime + used.ru_stime for used in map(getrusage, (RUSAGE_SELF, RUSAGE_CHILDREN))
    )


def pem_of(authority: Authority) -> bytes:
    return authorities.certificate_of(authority).public_bytes(Encoding.PEM)


def key_of(authority: Authority) -> bytes:
    """The very key of ours, without its passphrase, for the peer."""
    passphrase = settings().secret("ca_passphrase").encode()
    sealed = (keys.folder() / f"{authority.key_label}.pem").read_bytes()
    key = load_pem_private_key(sealed, passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


if __name__ == "__main__":
    main()
