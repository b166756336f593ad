"""Giving files out: the kind is what we found, never what was claimed, and nothing in it runs."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from flask import Response
from sqlmodel import Session

from portal.infra.audit import record
from portal.infra.file_models import StoredFile
from portal.infra.files import open_clean, subject

ISOLATED = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
"""Nothing may be loaded or run, in an origin of its own. Pictures' own pages in browsers have
styles inside; Chromium shows a PDF in its viewer all the same."""

SHOWN_IN_PAGES = {"application/pdf", "image/jpeg", "image/png", "image/webp"}
"""What a browser may show by itself; anything else is saved."""


def send_file_safely(
    db: Session,
    stored: StoredFile,
    *,
    as_attachment: bool = False,
    read_by: str = "",
    at: datetime | None = None,
) -> Response:
    """The answer that gives out a clean file, piece by piece.

    With `read_by` and `at` the reading is put on record: the view must then wear @commits.

    Raises:
        NotHere: the file is not clean.
    """
    content = open_clean(db, stored.id)
    if read_by and at:
        record(db, "file.read", by=read_by, at=at, subject=subject(stored), owner=stored.owner)
    response = send_bytes(
        content,
        filename=stored.shown_name,
        media_type=stored.media_type,
        as_attachment=as_attachment,
    )
    # A body that ends early, because what is stored was tampered with, is seen to be cut off.
    response.content_length = stored.size
    return response


def send_bytes(
    content: bytes | Iterable[bytes],
    *,
    filename: str,
    media_type: str,
    as_attachment: bool = False,
) -> Response:
    """An answer with safe headers around `content`, shown in the page unless `as_attachment`."""
    response = Response(content, content_type=media_type, direct_passthrough=False)
    if isinstance(content, bytes):
        response.content_length = len(content)
    shown = media_type in SHOWN_IN_PAGES and not as_attachment
    response.headers["Content-Disposition"] = disposition(filename, attachment=not shown)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = ISOLATED
    response.headers["X-Frame-Options"] = "SAMEORIGIN" if shown else "DENY"
    return response


def disposition(filename: str, *, attachment: bool) -> str:
    """The header Content-Disposition: a plain name for old programs and the true one.

    Source: RFC 6266, RFC 8187.
    """
    kind = "attachment" if attachment else "inline"
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in " ._-()" else "_" for c in plain).strip() or "file"
    if plain.startswith("."):
        plain = f"file{plain}"
    if plain == filename:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
