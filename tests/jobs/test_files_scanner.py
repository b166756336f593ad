"""The virus scanner found, clean, frozen, killed and back: a real clamd, and liars in its place."""

import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session

from jobs import running
from portal.infra import file_checks
from portal.infra.db import engine, unit_of_work
from portal.infra.file_checks import LONGEST_WAIT, waiting_time
from portal.infra.files import FileState, StoredFile, receive
from portal.infra.scanning import clamd
from portal.infra.scanning.clamd import Found, NotScanned, scan
from portal.infra.scanning.verdicts import Reason
from portal.infra.settings import Settings, use_settings
from tests.jobs.scanner import LARGEST, Scanner, scanner
from tests.uploads import pdfs, pictures
from tests.uploads.cases import EICAR

INFECTED = "infected.jpg"


@pytest.fixture(scope="module")
def own_clamd() -> Iterator[Scanner]:
    with scanner() as made:
        yield made


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.infra.queue.send_soon", lambda ids: None)


@pytest.fixture
def scanned(portal_settings: Settings, own_clamd: Scanner, app: Flask) -> Flask:
    """The portal with the scanner set up; the scanner is in its right mind again afterwards."""
    if not own_clamd.answers():
        own_clamd.kill()
        own_clamd.start()
    use_settings(portal_settings.model_copy(update={"clamd_socket": own_clamd.address}))
    return app


def received(app: Flask, content: bytes, filename: str) -> UUID:
    with unit_of_work(app) as db:
        stored = receive(
            db, io.BytesIO(content), filename=filename, owner="case:X", by="person:1",
            now=datetime.now(UTC),
        )  # fmt: skip
        return stored.id


def row(file_id: UUID) -> StoredFile:
    with Session(engine()) as db:
        return db.get_one(StoredFile, file_id)


def infected() -> bytes:
    """A picture that the portal alone would take: the virus stands behind it."""
    return pictures.photograph() + EICAR


# Talking with clamd


def test_clamd_finds_and_clears(own_clamd: Scanner) -> None:
    assert scan(EICAR, own_clamd.address) == Found("Eicar-Test.UNOFFICIAL")
    assert scan(infected(), own_clamd.address) == Found("Eicar-Test.UNOFFICIAL")
    assert scan(pdfs.pdf(), own_clamd.address) is None
    assert scan(bytes(25 << 20), own_clamd.address) is None


def test_a_locked_pdf_is_not_called_a_virus(own_clamd: Scanner) -> None:
    assert scan(pdfs.locked(owner="o", user="u"), own_clamd.address) is None


def test_more_than_clamd_takes_is_not_scanned(own_clamd: Scanner) -> None:
    with pytest.raises(NotScanned):
        scan(bytes((LARGEST + 1) << 20), own_clamd.address)


def test_a_scanner_that_is_not_there_has_not_scanned(tmp_path: object) -> None:
    for address in (f"{tmp_path}/none.sock", "127.0.0.1:1"):
        with pytest.raises(NotScanned):
            scan(b"x", address)


@contextmanager
def liar(answer: bytes) -> Iterator[str]:
    """Somebody on a port who takes what is sent and says `answer`."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            line, _ = server.accept()
            with line:
                line.recv(len(b"zINSTREAM\0"), socket.MSG_WAITALL)
                while size := struct.unpack("!L", line.recv(4, socket.MSG_WAITALL))[0]:
                    line.recv(size, socket.MSG_WAITALL)
                line.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"stream: OK or so\0",
        b"OK",
        b"\0",
        b"\xff" * 5000,
    ],
)
def test_anything_but_a_plain_answer_means_not_scanned(answer: bytes) -> None:
    with liar(answer) as address, pytest.raises(NotScanned):
        scan(b"x", address)


def test_a_scanner_on_a_port_is_understood() -> None:
    with liar(b"stream: Some.Virus FOUND\0") as address:
        assert scan(b"x", address) == Found("Some.Virus")
    with liar(b"stream: OK\0") as address:
        assert scan(b"x", address) is None


def test_a_silent_scanner_is_not_waited_for_longer_than_agreed(own_clamd: Scanner) -> None:
    own_clamd.freeze()
    began = time.monotonic()
    try:
        with pytest.raises(NotScanned):
            scan(bytes(20 << 20), own_clamd.address, seconds=1)
    finally:
        own_clamd.thaw()
    assert time.monotonic() - began < 3


# What becomes of files


def test_a_virus_is_refused_and_its_bytes_deleted(
    scanned: Flask, portal_settings: Settings
) -> None:
    file_id = received(scanned, infected(), INFECTED)
    running.run_waiting(scanned)
    assert (row(file_id).state, row(file_id).reason) == (FileState.REFUSED, Reason.VIRUS)
    assert not list((portal_settings.home / "files").iterdir())


def test_without_the_scanner_the_same_picture_passes_but_loses_the_virus(app: Flask) -> None:
    """So the test above shows what clamd does, and drawing anew what it is worth."""
    file_id = received(app, infected(), INFECTED)
    running.run_waiting(app)
    assert row(file_id).state == FileState.CLEAN


def test_what_is_known_as_a_virus_is_called_one_whatever_else_is_wrong(scanned: Flask) -> None:
    file_id = received(scanned, EICAR, "eicar.pdf")
    running.run_waiting(scanned)
    assert row(file_id).reason == Reason.VIRUS


def test_a_virus_in_a_locked_pdf_is_found_once_it_is_unlocked(
    scanned: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scanner is also shown the copy that is kept."""
    shown = []
    real = clamd.scan

    def watched(content: bytes, address: str) -> Found | None:
        shown.append(content)
        return real(content, address)

    monkeypatch.setattr(file_checks, "scan", watched)
    received(scanned, pdfs.locked(owner="o", user=""), "locked.pdf")
    running.run_waiting(scanned)
    assert [b"/Encrypt" in content for content in shown] == [True, False]


def test_a_clean_file_is_cleared(scanned: Flask) -> None:
    file_id = received(scanned, pdfs.pdf(), "licence.pdf")
    running.run_waiting(scanned)
    assert row(file_id).state == FileState.CLEAN


@pytest.mark.parametrize("trouble", ["frozen", "killed"])
def test_while_the_scanner_is_away_files_wait_and_are_cleared_when_it_is_back(
    scanned: Flask, own_clamd: Scanner, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(clamd.scan, "__kwdefaults__", {"seconds": 0.5})
    clean = received(scanned, pdfs.pdf(), "licence.pdf")
    bad = received(scanned, infected(), INFECTED)
    locked = received(scanned, pdfs.locked(owner="o", user="u"), "locked.pdf")
    if trouble == "frozen":
        own_clamd.freeze()
    else:
        own_clamd.kill()
    with time_machine.travel(datetime.now(UTC)) as traveller:
        for _ in range(4):
            running.run_waiting(scanned)
            for file_id in (clean, bad):
                assert row(file_id).state == FileState.CHECKING
                assert row(file_id).waits_for_scanner
            traveller.shift(LONGEST_WAIT)
        assert row(locked).reason == Reason.ENCRYPTED, "what is wrong anyway is told at once"
        assert row(clean).unanswered == 4
        if trouble == "frozen":
            own_clamd.thaw()
        else:
            own_clamd.start()
        monkeypatch.setattr(clamd.scan, "__kwdefaults__", {"seconds": 5.0})
        running.run_waiting(scanned)
    assert row(clean).state == FileState.CLEAN
    assert row(bad).reason == Reason.VIRUS


def test_the_scanner_is_asked_again_at_least_every_five_minutes() -> None:
    waits = [waiting_time(times) for times in range(1, 2000)]
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT == timedelta(minutes=5)
