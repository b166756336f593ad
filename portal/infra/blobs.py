"""Where sealed files lie: a folder (file:///…) or a bucket (s3://…), by the setting FILES_URL."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from portal.infra.settings import settings

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}
DRAFT = ".draft"
PIECE = 1 << 18


class NotStored(Exception):
    """There is no room, or the place for files does not answer; nothing of it is left."""


class Gone(Exception):
    """Nothing is stored under this name."""


class Blobs(Protocol):
    """Named sealed files. Names are ours, never a person's; each is written once."""

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Store all of `pieces` under `name`, or nothing.

        Raises:
            NotStored: the disk is full or the bucket unreachable. Errors of `pieces` pass.
        """

    def get(self, name: str) -> Iterator[bytes]:
        """What is stored under `name`, piece by piece.

        Raises:
            Gone: nothing is, told at once and not when the first piece is asked for.
        """

    def drop(self, name: str) -> None:
        """Delete what is stored under `name`; nothing if it is gone already."""

    def listed(self) -> Iterator[tuple[str, datetime]]:
        """Every name, drafts included, with the instant it was written (real time)."""


class Folder:
    """Files in one folder. Plain Python: obstore neither fsyncs nor survives a fork."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        try:
            _put_durably(self.folder / name, pieces)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise NotStored(errno.errorcode[error.errno]) from error

    def get(self, name: str) -> Iterator[bytes]:
        path = self.folder / name
        if not path.exists():
            raise Gone(name)
        return _pieces(path)

    def drop(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def listed(self) -> Iterator[tuple[str, datetime]]:
        with os.scandir(self.folder) as found:
            for entry in found:
                # One that is dropped while we look is none of ours any more.
                with suppress(FileNotFoundError):
                    yield entry.name, datetime.fromtimestamp(entry.stat().st_mtime, UTC)


class Bucket:
    """Files in an S3 bucket. Credentials and a foreign endpoint are the usual AWS_ variables."""

    def __init__(self, url: str) -> None:
        self.store = S3Store.from_url(url)

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        # As one part: a broken-off upload in parts would lie in the bucket unseen.
        content = b"".join(pieces)
        try:
            obstore.put(self.store, name, content, use_multipart=False)
        except BaseError as error:
            raise NotStored(type(error).__name__) from error

    def get(self, name: str) -> Iterator[bytes]:
        try:
            return map(bytes, obstore.get(self.store, name).stream())
        except (NotFoundError, FileNotFoundError) as error:
            raise Gone(name) from error

    def drop(self, name: str) -> None:
        with suppress(NotFoundError, FileNotFoundError):
            obstore.delete(self.store, name)

    def listed(self) -> Iterator[tuple[str, datetime]]:
        for portion in obstore.list(self.store):
            for found in portion:
                yield found["path"], found["last_modified"]


def _pieces(path: Path) -> Iterator[bytes]:
    # Opened with the first piece: an answer that nobody reads must leave nothing open.
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _put_durably(path: Path, pieces: Iterable[bytes]) -> None:
    """Draft, fsync, rename, fsync: after a power cut the file is whole or not there."""
    draft = path.with_name(path.name + DRAFT)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def blobs_at(url: str) -> Blobs:
    """The place that an address (file:///folder, s3://bucket) names."""
    if url.startswith("file://"):
        return Folder(Path(url.removeprefix("file://")))
    global _bucket_process
    _bucket_process = _bucket_process or os.getpid()
    if _bucket_process != os.getpid():
        # Its threads stayed behind in the other process: every call would hang for ever.
        raise RuntimeError("a bucket was used before this process was forked")
    return Bucket(url)


_bucket_process = 0


@cache
def _kept(url: str, _process: int) -> Blobs:
    return blobs_at(url)


def blobs() -> Blobs:
    """The place of this portal's files, by its settings."""
    chosen = settings()
    return _kept(chosen.files_url or f"file://{chosen.home / 'files'}", os.getpid())
