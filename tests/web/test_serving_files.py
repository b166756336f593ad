"""How files are given out: whatever they contain or are called, nothing in them can act."""

import io
from datetime import UTC, datetime

import pytest
from flask import Flask, Response, request
from sqlmodel import Session, select
from werkzeug.http import parse_options_header

from portal.infra.audit import AuditEntry
from portal.infra.db import engine, unit_of_work
from portal.infra.files import StoredFile, keep
from portal.infra.receiving import UploadRequest
from portal.infra.serving import disposition, send_bytes, send_file_safely
from portal.kernel.problems import NotHere

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
PDF = b"%PDF-1.7 " + bytes(200_000)


def kept(app: Flask, filename: str, media_type: str, content: bytes = PDF) -> StoredFile:
    with unit_of_work(app) as db:
        return keep(db, content, filename=filename, media_type=media_type, owner="case:X", now=NOW)


def answer(app: Flask, stored: StoredFile, **options: bool) -> Response:
    with unit_of_work(app) as db:
        response = send_file_safely(db, stored, **options)
        response.set_data(b"".join(response.response))
        return response


def test_a_pdf_is_shown_in_the_page_and_can_do_nothing(app: Flask) -> None:
    given = answer(app, kept(app, "licence.pdf", "application/pdf"))
    assert given.data == PDF
    assert given.headers["Content-Type"] == "application/pdf"
    assert given.headers["Content-Disposition"] == 'inline; filename="licence.pdf"'
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert given.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in given.headers["Content-Security-Policy"]
    assert given.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("attachment", [True, False])
def test_everything_is_in_a_sandbox(app: Flask, attachment: bool) -> None:
    picture = answer(app, kept(app, "a.jpg", "image/jpeg"), as_attachment=attachment)
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    paper = answer(app, kept(app, "a.pdf", "application/pdf"), as_attachment=attachment)
    assert "sandbox" in paper.headers["Content-Security-Policy"]
    assert paper.headers["Content-Disposition"].startswith("attachment") == attachment
    assert paper.headers["X-Frame-Options"] == ("DENY" if attachment else "SAMEORIGIN")


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "text/csv"])
def test_what_browsers_would_run_is_only_ever_saved(app: Flask, media_type: str) -> None:
    with app.test_request_context():
        given = send_bytes(b"<script>1</script>", filename="a.html", media_type=media_type)
    assert given.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in given.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name",
    ["牌照 2026.pdf", 'a"b.pdf', "a;b=c.pdf", "a%41.pdf", "é.pdf", "a'b.pdf", "㘭.pdf", "a\\b.pdf"],
)
def test_any_name_arrives_whole_and_breaks_no_header(name: str) -> None:
    header = disposition(name, attachment=True)
    assert header.isascii()
    assert header.isprintable()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    assert options["filename"] == name


def test_a_file_that_is_not_clean_is_not_here(app: Flask) -> None:
    stored = kept(app, "a.pdf", "application/pdf")
    with Session(engine()) as db:
        there = db.get_one(StoredFile, stored.id)
        there.state = "checking"
        db.add(there)
        db.commit()
    with unit_of_work(app) as db, pytest.raises(NotHere):
        send_file_safely(db, stored)


def test_who_read_it_is_on_record(app: Flask) -> None:
    stored = kept(app, "a.pdf", "application/pdf")
    with unit_of_work(app) as db:
        send_file_safely(db, stored, read_by="person:7", at=NOW)
    with Session(engine()) as db:
        [entry] = db.exec(select(AuditEntry).where(AuditEntry.action == "file.read"))
    assert (entry.by, entry.subject) == ("person:7", f"file:{stored.id}")


def test_uploads_wait_in_memory_and_never_in_a_folder(app: Flask) -> None:
    assert app.request_class is UploadRequest
    sent = {"file": (io.BytesIO(bytes(300_000)), "a.pdf")}
    with app.test_request_context("/", method="POST", data=sent):
        stream = request.files["file"].stream
        assert "memfd:upload" in _place(stream.fileno())
        assert len(stream.read()) == 300_000


def _place(descriptor: int) -> str:
    import os

    return os.readlink(f"/proc/self/fd/{descriptor}")
