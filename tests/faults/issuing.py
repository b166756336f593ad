"""A worker that issues certificates and is killed: `python -m tests.faults.issuing ours|naive`.

It forks a child that works and forks the next when that one dies, so that a kill costs no start.
The issuing key lies behind a signer that notes every signature in a file before it gives it away,
and then waits a few milliseconds, as an HSM over a network does.
"""

import hashlib
import os
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto.x509 import TbsCertificate
from cryptography import x509
from flask import Flask
from sqlmodel import Session, col, select

from jobs.running import run_ticket
from jobs.worker import import_jobs
from portal.certificates import issuing, keys
from portal.certificates.authorities import active_authority, certificate_of
from portal.certificates.linting import judged_copy
from portal.certificates.models import Certificate
from portal.certificates.profiles import location_certificate
from portal.factory import create_app
from portal.infra import claims
from portal.infra.db import apart, engine
from portal.infra.settings import settings
from portal.infra.tickets import Job, State, Ticket

BETWEEN = 0.004
"""Seconds between signing and giving the signature away."""
LEASE = 1.0


class NotingSigner:
    """The real signer, and a line in the file for each signature: process, serial, bytes, it."""

    def __init__(self, within: keys.Signer, notes: Path) -> None:
        self.within, self.notes = within, notes

    @property
    def public_key(self) -> object:
        return self.within.public_key

    def sign(self, message: bytes) -> bytes:
        made = self.within.sign(message)
        serial = TbsCertificate.load(message)["serial_number"].native
        told = [hashlib.sha256(each).hexdigest() for each in (message, made)]
        note(self.notes, f"{os.getpid()} {serial:032x} {' '.join(told)}")
        time.sleep(BETWEEN)
        return made


def note(file: Path, line: str) -> None:
    """One write, so that a kill leaves a whole line or none."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(opened, f"{line}\n".encode())
    os.close(opened)


def work(app: Flask) -> None:
    """Do what is due until nothing is left, as a worker and the relay do together."""
    while True:
        with Session(engine()) as db:
            claims.take_over(db, datetime.now(UTC))
            db.commit()
            wanted = select(Ticket.id).where(
                Ticket.job == Job.ISSUE_CERTIFICATE, Ticket.state == State.WAITING
            )
            due = db.exec(wanted.order_by(col(Ticket.id)).limit(1)).first()
        if due is None:
            time.sleep(0.05)
        else:
            run_ticket(app, due)


def work_naively(app: Flask) -> None:
    """The straightforward way: sign, then store. What is cut off is done anew."""
    while True:
        with app.test_request_context(), apart() as db:
            wanted = select(Certificate).where(col(Certificate.certificate).is_(None)).limit(1)
            if row := db.exec(wanted).first():
                issue_naively(db, row)
            else:
                time.sleep(0.05)


def issue_naively(db: Session, row: Certificate) -> None:
    authority = active_authority(db)
    issuer, now, serial = certificate_of(authority), datetime.now(UTC), secrets.randbits(126)
    db.commit()
    builder = location_certificate(
        row.spki, issuing.subject_of(db, row, authority), issuer=issuer, serial=serial,
        not_before=now, not_after=now + timedelta(days=30),
    )  # fmt: skip
    tbs = judged_copy(builder, issuer.public_key().key_size).tbs_certificate_bytes
    row.certificate = issuing.signed(tbs, authority)
    row.tbs, row.serial, row.authority_id = tbs, f"{serial:032x}", authority.id
    row.tbs_sha256 = hashlib.sha256(tbs).hexdigest()
    assert x509.load_der_x509_certificate(row.certificate).serial_number == serial
    db.add(row)


def main(how: str) -> None:
    # The killer is after whoever signs: that a job may be what kills is another test's.
    claims.LEASE, claims.MAX_DEATHS = LEASE, 1000
    app, notes = create_app(), settings().home / "signatures"
    import_jobs()
    plain = keys.signer
    issuing.signer = lambda label: NotingSigner(plain(label), notes)  # type: ignore[assignment]
    while True:
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            {"ours": work, "naive": work_naively}[how](app)


if __name__ == "__main__":
    main(*sys.argv[1:])
