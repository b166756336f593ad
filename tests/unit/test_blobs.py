"""Where sealed files lie: whole or not at all, in a folder as in a bucket."""

import errno
import os
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.infra.blobs import Blobs, Gone, NotStored, blobs_at
from tests.services import answers, free_port, wait_until


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 server that somebody else wrote (moto), with a bucket "files"."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        create = urllib.request.Request(f"{address}/files", method="PUT")
        wait_until(lambda: answers(lambda: urllib.request.urlopen(create).close()), 60)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(params=["folder", "bucket"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Blobs]:
    if request.param == "folder":
        yield blobs_at(f"file://{tmp_path / 'files'}")
        return
    for name, value in {
        "AWS_ENDPOINT_URL": request.getfixturevalue("s3"),
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    made = blobs_at("s3://files")
    yield made
    for name, _ in made.listed():
        made.drop(name)


def test_what_is_put_is_got_and_dropped(place: Blobs) -> None:
    content = os.urandom(300_000)
    place.put("one", (content[at : at + 1000] for at in range(0, len(content), 1000)))
    assert b"".join(place.get("one")) == content
    place.drop("one")
    place.drop("one")
    with pytest.raises(Gone):
        place.get("one")


def test_what_is_there_can_be_listed_with_its_age(place: Blobs) -> None:
    place.put("one", [b"1"])
    place.put("two", [b"2"])
    listed = dict(place.listed())
    assert set(listed) == {"one", "two"}
    assert abs((datetime.now(UTC) - listed["one"]).total_seconds()) < 60


def test_an_error_of_the_sender_leaves_nothing(place: Blobs) -> None:
    def broken() -> Iterator[bytes]:
        yield bytes(100_000)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        place.put("one", broken())
    assert not list(place.listed())


def test_a_bucket_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch, s3: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    with pytest.raises(NotStored):
        blobs_at("s3://no-such-bucket").put("one", [b"1"])


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow further: root or not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_leaves_whole_files_only(tmp_path: Path) -> None:
    place = blobs_at(f"file://{tmp_path}")
    place.put("small", [b"fits"])
    with files_no_larger_than(1_000_000), pytest.raises(NotStored, match="EFBIG"):
        place.put("large", [os.urandom(100_000) for _ in range(30)])
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert b"".join(place.get("small")) == b"fits"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_found_full_at_the_very_end_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Network disks and copy-on-write ones tell only when the data are flushed."""

    def full(_descriptor: int) -> None:
        raise OSError(number, "no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotStored, match=errno.errorcode[number]):
        blobs_at(f"file://{tmp_path}").put("large", [b"1"])
    assert not list(tmp_path.iterdir())


def test_other_errors_of_the_disk_are_not_called_a_lack_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="broken"):
        blobs_at(f"file://{tmp_path}").put("one", [b"1"])
    assert not list(tmp_path.iterdir())


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    real_sync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (done.append("fsync"), real_sync(fd))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (done.append("name"), real_replace(a, b))[1])
    blobs_at(f"file://{tmp_path}").put("one", [b"1"])
    assert done == ["fsync", "name", "fsync"]
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


def test_a_bucket_used_before_a_fork_says_so_instead_of_hanging(
    monkeypatch: pytest.MonkeyPatch, s3: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    blobs_at("s3://files")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(RuntimeError, match="forked"):
        blobs_at("s3://files")
