"""Which service location a request comes from: nginx checked its certificate, we check the rest.

The proof of the key is TLS's and therefore nginx's; it hands the certificate on in a header that
is believed only beside the secret that nginx and we share. Whether the certificate still opens
the door is asked of the database with every request: nothing is remembered, so what is revoked
is refused from the next request on.
"""

import hmac
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import structlog
from asn1crypto import parser
from flask import Flask, Request, Response, g, jsonify, request
from sqlalchemy import CursorResult, update
from sqlmodel import Session, col

from portal.certificates.diagnosis import FAULTS
from portal.certificates.models import Certificate
from portal.certificates.queries import Held, shown
from portal.certificates.rules import Fault, fault
from portal.infra.audit import record
from portal.infra.clock import now, real_now
from portal.infra.db import apart, only_reads, session
from portal.infra.guards import Connected, ask_for_locations
from portal.infra.i18n import say
from portal.infra.settings import settings
from portal.infra.tickets import Job, enqueue
from portal.infra.web import page

log = structlog.get_logger(__name__)

# Class of the optional version that may stand first; class, method and tag of a number.
VERSION, INTEGER = 2, (0, 0, 2)
MOST = 16_000
"""Characters: the largest of our certificates has about 4,000 as a header."""

# What OpenSSL says through nginx, by its beginning, and the fault that is behind it.
SAID_BY_NGINX = (
    ("FAILED:certificate has expired", Fault.EXPIRED),
    ("FAILED:certificate is not yet valid", Fault.NOT_YET),
    ("FAILED:unsuitable certificate purpose", Fault.WRONG_PURPOSE),
    ("FAILED:unsupported certificate purpose", Fault.WRONG_PURPOSE),
    ("FAILED", Fault.WRONG_AUTHORITY),
)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a browser held out: `fault` is None if it opens the door; `held` if it is ours."""

    fault: Fault | None
    verified: str = "NONE"
    serial: str = ""
    held: Held | None = None


def init_app(app: Flask) -> None:
    """Let the guards ask this slice where a request comes from."""
    ask_for_locations(app, location_here, answer_unconnected)


def location_here() -> Connected | None:
    """The location whose certificate this request came with, if it opens the door now."""
    found = presented()
    if found.fault is not None or found.held is None:
        return None
    note_use(found.held)
    return _connected(found.held)


def presented() -> Presented:
    """What this request brought along, judged once for each request."""
    if "presented" not in g:
        g.presented = _judged(request)
    judged: Presented = g.presented
    return judged


def through_nginx(asked: Request) -> bool:
    """Whether our own nginx passed the request on. Anybody else's X-Client-* is not even read."""
    told = asked.headers.get("X-Edge-Secret", "")
    return bool(told) and hmac.compare_digest(told.encode(), _secret(settings().home))


@cache
def _secret(_home: Path) -> bytes:
    """Read once for each home: a process keeps its settings, tests have one after the other."""
    return settings().secret("edge_secret").encode()


def _judged(asked: Request) -> Presented:
    if not through_nginx(asked):
        return Presented(Fault.NONE)
    verified = asked.headers.get("X-Client-Verify", "NONE")
    der = certificate_in(asked.headers.get("X-Client-Cert", ""))
    if verified == "NONE" or not (verified == "SUCCESS" or verified.startswith("FAILED")):
        return Presented(Fault.NONE)
    serial = serial_of(der)
    if serial is None:
        return Presented(Fault.UNKNOWN, verified)
    held = shown(session(), der, serial)
    return Presented(_fault(verified, held), verified, f"{serial:x}", held)


def _fault(verified: str, held: Held | None) -> Fault | None:
    """nginx refuses, or the record does; only both together let somebody in."""
    on_record = fault(held.shown, today=now(), real=real_now()) if held else Fault.UNKNOWN
    if verified == "SUCCESS":
        if held is None:
            log.error("signed by our authority and not on record")
        return on_record
    if held is not None and on_record is not None:
        return on_record
    if held is not None and verified.startswith("FAILED:unable"):
        log.error("nginx does not know our authority: give it the chain, bin/portal ca edge")
    return next(fault for said, fault in SAID_BY_NGINX if verified.startswith(said))


def certificate_in(header: str) -> bytes:
    """The certificate of nginx's `$ssl_client_escaped_cert`, DER; empty if it is none."""
    if not header or len(header) > MOST:
        return b""
    try:
        return ssl.PEM_cert_to_DER_cert(unquote(header, errors="strict"))
    except ValueError:
        return b""


def serial_of(der: bytes) -> int | None:
    """The serial in a certificate; None where there is none to be made out.

    Only as far as the serial is read: whether these are our bytes, the record tells.
    """
    try:
        _, _, _, _, whole, _ = parser.parse(der, strict=True)
        _, _, _, _, signed_part, _ = parser.parse(whole)
        tag_class, method, tag, *parts = parser.parse(signed_part)
        if tag_class == VERSION:
            tag_class, method, tag, *parts = parser.parse(signed_part[sum(map(len, parts)) :])
    except ValueError:
        return None
    if (tag_class, method, tag) != INTEGER:
        return None
    serial = int.from_bytes(parts[1], "big", signed=True)
    return serial if 0 < serial < 1 << 160 else None


def note_use(held: Held) -> None:
    """The first use of a certificate is the installation of its place: noted once, acted on later.

    A page that only reads gets a short transaction beside it; one that writes keeps it with
    what else it does.
    """
    if held.first_used_at is not None:
        return
    if only_reads():
        with apart() as db:
            _note_first_use(db, held)
    else:
        _note_first_use(session(), held)


def _note_first_use(db: Session, held: Held) -> None:
    fresh = update(Certificate).where(
        col(Certificate.id) == held.id, col(Certificate.first_used_at).is_(None)
    )
    marked = db.execute(fresh.values(first_used_at=real_now()))
    assert isinstance(marked, CursorResult)
    if marked.rowcount == 1:
        by = f"location:{held.location}"
        record(db, "certificate.used", by=by, at=now(), subject=f"certificate:{held.serial}")
        enqueue(db, Job.CERTIFICATE_USED, once=f"used:{held.id}", certificate_id=held.id)


def _connected(held: Held) -> Connected:
    return Connected(
        location_id=held.location_id,
        location=held.location,
        institution_id=held.institution_id,
        institution=held.institution,
        serial=held.serial,
        until=held.shown.not_after,
    )


def answer_unconnected() -> Response:
    """403 with what is wrong: a program gets the fault by its key, a person the check page."""
    found = presented()
    told = found.fault or Fault.NONE
    if request.path.startswith("/api/"):
        answer = jsonify(fault=str(told), message=say(FAULTS[told].title))
        answer.status_code = 403
        return answer
    return page("certificates/unconnected.html", status=403, fault=FAULTS[told])
