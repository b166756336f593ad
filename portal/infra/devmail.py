"""/dev/mail: the letters of a portal without a mail server, to be read in the browser."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from flask import Blueprint, Response, url_for

from portal.infra.guards import public
from portal.infra.mail import mail_folder
from portal.infra.settings import settings
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere

bp = Blueprint("devmail", __name__, url_prefix="/dev/mail")
public_bp = Blueprint("devmail_short", __name__, url_prefix="/dev/mail")

# Shown letters; an address where someone waits for a certain one is quick with this many.
NEWEST = 200
# A letter is somebody else's page: its own styles, no script, no forms, nothing of ours.
LETTER_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@dataclass(frozen=True, slots=True)
class Letter:
    """A file of the mail folder, as far as the pages show it."""

    id: str
    to: str
    subject: str
    language: str
    date: datetime
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        return re.findall(r"https?://[^\s<>\"]+", self.text)


@bp.before_request
@public_bp.before_request
def not_in_production() -> None:
    if settings().production:
        raise NotHere


@public_bp.get("")
@public
def short() -> Response:
    """/dev/mail, in the language the browser asks for."""
    return see_other(url_for("devmail.index"))


@bp.get("")
@public
def index() -> Response:
    """The newest letters first."""
    files = sorted(mail_folder().glob("*.eml"), key=lambda f: f.stat().st_mtime_ns, reverse=True)
    return page("devmail/index.html", letters=[_read(file) for file in files[:NEWEST]])


@bp.get("/<uuid:mail_id>")
@public
def show(mail_id: UUID) -> Response:
    """One letter: its text and its links."""
    return page("devmail/show.html", letter=_letter(mail_id))


@bp.get("/<uuid:mail_id>/html")
@public
def html(mail_id: UUID) -> Response:
    """One letter as a mail program shows it."""
    response = Response(_letter(mail_id).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = LETTER_CSP
    return response


def _letter(mail_id: UUID) -> Letter:
    file = mail_folder() / f"{mail_id}.eml"
    if not file.exists():
        raise NotHere
    return _read(file)


def _read(file: Path) -> Letter:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    bodies = {kind: message.get_body([kind]) for kind in ("plain", "html")}
    said = {kind: body.get_content() if body else "" for kind, body in bodies.items()}
    return Letter(
        id=file.stem,
        to=message["To"],
        subject=message["Subject"],
        language=message["Content-Language"],
        date=message["Date"].datetime,
        text=said["plain"],
        html=said["html"],
    )
