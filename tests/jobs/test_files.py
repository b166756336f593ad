"""A file's way from the request to being served, with everything that can come in between."""

import hashlib
import io
import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlmodel import Session, select

from portal.infra import file_checks, files
from portal.infra.blobs import blobs
from portal.infra.db import engine, unit_of_work
from portal.infra.file_checks import collect_lost
from portal.infra.files import (
    FileState,
    StoredFile,
    clean_file,
    keep,
    open_clean,
    receive,
    remove,
    thumbnail,
)
from portal.infra.scanning.verdicts import MAX_BYTES, MEGABYTE, SENTENCES, Reason, Verdict
from portal.infra.settings import Settings
from portal.kernel.problems import NotHere, Refused
from tests.jobs.filing import NOW, check, on_disk, received, row, served, tickets
from tests.uploads import pdfs, pictures


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tickets are written; these tests run them by hand."""
    monkeypatch.setattr("portal.infra.queue.send_soon", lambda ids: None)


# Received


def test_a_file_is_kept_apart_until_it_was_examined(app: Flask, portal_settings: Settings) -> None:
    content = pdfs.pdf()
    file_id = received(app, content)
    stored = row(file_id)
    assert (stored.state, stored.size) == (FileState.CHECKING, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    for question in (open_clean, clean_file):
        with unit_of_work(app) as db, pytest.raises(NotHere):
            question(db, file_id)
    with unit_of_work(app) as db:
        assert thumbnail(db, file_id) is None
    assert check(app) == 1
    assert row(file_id).state == FileState.CLEAN
    assert served(app, file_id) == content
    with unit_of_work(app) as db:
        assert (thumbnail(db, file_id) or b"")[8:12] == b"WEBP"


def test_nothing_readable_lies_on_the_disk(app: Flask, portal_settings: Settings) -> None:
    content = pdfs.pdf()
    received(app, content)
    check(app)
    lying = on_disk(portal_settings)
    assert len(lying) == 2, "the file and its small picture; what was received is gone"
    for blob in lying.values():
        assert blob.startswith(b"EHF1")
        assert b"PDF" not in blob
        assert b"WEBP" not in blob


def test_a_picture_is_served_as_it_was_drawn_anew(app: Flask) -> None:
    file_id = received(app, pictures.heic(), "IMG_0001.HEIC")
    check(app)
    stored = row(file_id)
    assert (stored.media_type, stored.shown_name) == ("image/jpeg", "IMG_0001.jpg")
    content = served(app, file_id)
    assert stored.sha256 == hashlib.sha256(content).hexdigest() != stored.received_sha256
    assert stored.size == len(content) != stored.received_size
    assert b"GPS" not in content


@pytest.mark.parametrize(
    ("content", "filename", "reason"),
    [
        (b"", "empty.pdf", Reason.EMPTY),
        (bytes(MAX_BYTES + 1), "big.pdf", Reason.TOO_BIG),
        (b"MZ", "program.exe", Reason.WRONG_TYPE),
    ],
)
def test_what_is_plainly_wrong_is_refused_at_once(
    app: Flask, portal_settings: Settings, content: bytes, filename: str, reason: Reason
) -> None:
    stored = row(received(app, content, filename))
    assert (stored.state, stored.reason) == (FileState.REFUSED, reason)
    assert stored.problem == SENTENCES[reason]
    assert not on_disk(portal_settings)
    assert not tickets()


def test_too_much_is_not_read_to_its_end(app: Flask) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    with unit_of_work(app) as db:
        receive(db, endless, filename="a.pdf", owner="case:X", by="person:1", now=NOW)
    assert endless.given < MAX_BYTES + MEGABYTE


def test_the_largest_file_allowed_is_taken(app: Flask) -> None:
    file_id = received(app, pdfs.pdf().ljust(MAX_BYTES, b"\n"))
    check(app)
    assert row(file_id).state == FileState.CLEAN


def test_a_refused_file_has_its_reason_and_no_bytes(app: Flask, portal_settings: Settings) -> None:
    file_id = received(app, pdfs.pdf(pdfs.attached))
    check(app)
    stored = row(file_id)
    assert (stored.state, stored.reason) == (FileState.REFUSED, Reason.EMBEDDED)
    assert stored.problem == SENTENCES[Reason.EMBEDDED]
    assert not on_disk(portal_settings)
    with unit_of_work(app) as db, pytest.raises(NotHere):
        open_clean(db, file_id)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (r"C:\Users\Chan\牌照.pdf", "牌照.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a\0b\r\n\u202egpj.pdf", "abgpj.pdf"),
        ("x" * 400 + ".pdf", "x" * 196 + ".pdf"),
        (".pdf", "file.pdf"),
        ("", "file"),
    ],
)
def test_a_files_name_is_kept_fit_to_be_shown(app: Flask, sent: str, kept: str) -> None:
    assert row(received(app, pdfs.pdf(), sent)).filename == kept


def test_a_rolled_back_upload_is_neither_known_nor_examined(
    app: Flask, portal_settings: Settings
) -> None:
    with pytest.raises(ZeroDivisionError), unit_of_work(app) as db:
        receive(
            db, io.BytesIO(pdfs.pdf()), filename="a.pdf", owner="case:X", by="person:1", now=NOW
        )
        raise ZeroDivisionError
    assert not tickets()
    assert len(on_disk(portal_settings)) == 1
    with unit_of_work(app) as db:
        assert collect_lost(db) == 0, "it might still be on its way"
        assert collect_lost(db, real_now=datetime.now(UTC) + timedelta(days=2)) == 1
    assert not on_disk(portal_settings)


def test_a_full_disk_is_told_in_a_sentence_and_leaves_nothing(
    app: Flask, portal_settings: Settings
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with unit_of_work(app) as db:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MEGABYTE, hard))
        try:
            with pytest.raises(Refused) as told:
                receive(
                    db, io.BytesIO(os.urandom(5 * MEGABYTE)), filename="a.pdf", owner="case:X",
                    by="person:1", now=NOW,
                )  # fmt: skip
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.value.message == files.NO_ROOM
    assert not on_disk(portal_settings)
    with Session(engine()) as db:
        assert not db.exec(select(StoredFile)).all()


# Kept, removed, collected


def test_our_own_papers_are_clean_from_the_start(app: Flask) -> None:
    with unit_of_work(app) as db:
        made = keep(
            db, b"%PDF-1.7 ours", filename="copy.pdf", media_type="application/pdf",
            owner="case:X", now=NOW,
        )  # fmt: skip
    assert served(app, made.id) == b"%PDF-1.7 ours"
    assert not tickets()


def test_a_removed_file_leaves_its_row_and_hash_alone(
    app: Flask, portal_settings: Settings
) -> None:
    file_id = received(app, pdfs.pdf())
    check(app)
    with unit_of_work(app) as db:
        remove(db, file_id, by="person:1", now=NOW)
        assert on_disk(portal_settings), "not before the commit"
    stored = row(file_id)
    assert (stored.state, stored.filename) == (FileState.REMOVED, "")
    assert stored.sha256
    assert not on_disk(portal_settings)
    with unit_of_work(app) as db, pytest.raises(NotHere):
        open_clean(db, file_id)


def test_an_undone_removal_leaves_the_file(app: Flask) -> None:
    file_id = received(app, pdfs.pdf())
    check(app)
    with pytest.raises(ZeroDivisionError), unit_of_work(app) as db:
        remove(db, file_id, by="person:1", now=NOW)
        raise ZeroDivisionError
    assert served(app, file_id)


def test_a_file_removed_while_it_is_examined_stays_removed(
    app: Flask, portal_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = received(app, pdfs.pdf())
    real = file_checks.examine

    def and_meanwhile(content: bytes, filename: str) -> Verdict:
        with Session(engine()) as db:
            remove(db, file_id, by="person:1", now=NOW)
            db.commit()
        return real(content, filename)

    monkeypatch.setattr(file_checks, "examine", and_meanwhile)
    check(app)
    assert row(file_id).state == FileState.REMOVED


def test_collecting_leaves_what_rows_know(app: Flask, portal_settings: Settings) -> None:
    file_id = received(app, pdfs.pdf())
    check(app)
    waiting = received(app, pdfs.pdf())
    (portal_settings.home / "files" / "abc.draft").write_bytes(b"of a writer that died")
    blobs().put(uuid4().hex, [b"nobody's"])
    with unit_of_work(app) as db:
        assert collect_lost(db, real_now=datetime.now(UTC) + timedelta(days=2)) == 2
    assert served(app, file_id)
    check(app)
    assert row(waiting).state == FileState.CLEAN
