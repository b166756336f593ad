"""Which kind a file is, by the ending of its name and by what it contains."""

import codecs
import io
import zipfile

from portal.infra.scanning.verdicts import Reason, Refusal

PDF, JPEG, PNG, TIFF, HEIC, WEBP = (
    "application/pdf",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/heic",
    "image/webp",
)

ENDINGS = {
    "pdf": PDF,
    "jpg": JPEG,
    "jpeg": JPEG,
    "jpe": JPEG,
    "jfif": JPEG,
    "png": PNG,
    "tif": TIFF,
    "tiff": TIFF,
    "heic": HEIC,
    "heif": HEIC,
    "webp": WEBP,
}
"""Accepted endings of names, without dot, in lower case."""

STORED_ENDINGS = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png"}
"""What is ever stored as clean and served, and the ending it is served under."""

HEADER_WITHIN = 1024
"""A PDF's header may stand this many bytes from the start. Source: ISO 32000-1, H.3.4.1."""

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"}
# Names in archives are read with it; later, in a confined child, it could not be loaded.
codecs.lookup("cp437")

FOREIGN = (b"PK\x03\x04", b"MZ", b"\x7fELF", b"GIF8", b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"#!")
"""Beginnings of what must not stand before or after a document."""


def type_by_name(filename: str) -> str:
    """The media type that `filename`'s ending stands for; empty if it is none we accept."""
    return ENDINGS.get(filename.rpartition(".")[2].lower(), "") if "." in filename else ""


def type_by_content(head: bytes) -> str:
    """The media type that the first kilobyte shows; empty if it is none we accept."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith((b"II*\0", b"MM\0*")):
        return TIFF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        return HEIC
    return PDF if b"%PDF-" in head[:HEADER_WITHIN] else ""


def sound_type(content: bytes, filename: str) -> str:
    """The media type on which name and content agree.

    Raises:
        Refusal: empty, too big, not a kind we accept, the two differ, or an archive as well.
    """
    named, shown = type_by_name(filename), type_by_content(content[:HEADER_WITHIN])
    if not named:
        raise Refusal(Reason.WRONG_TYPE)
    if named != shown:
        raise Refusal(Reason.TYPE_MISMATCH if shown else Reason.BROKEN)
    if opens_as_archive(content):
        raise Refusal(Reason.POLYGLOT)
    return shown


def opens_as_archive(content: bytes) -> bool:
    """Whether an unzip program would find files in `content`, wherever they stand in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
        return False


def foreign(part: bytes) -> bool:
    """Whether `part`, found before or after a document, is the start of something else."""
    start = part.lstrip()
    return start.startswith(FOREIGN) or b"PK\x03\x04" in part or b"<" in start[:1024]
