"""Reads a TIFF: one page becomes a picture, several become a PDF that every browser can show."""

import io
from collections.abc import Iterator

import pikepdf
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from portal.infra.scanning.images import QUALITY, drawn, eight_bit, on_white, opened, upright
from portal.infra.scanning.pdf import MAX_PAGES
from portal.infra.scanning.pictures import thumbnail_of
from portal.infra.scanning.types import PDF
from portal.infra.scanning.verdicts import Reason, Refusal, Verdict

MAX_PIXELS = 400_000_000
"""All pages together: a hundred A4 faxes at 200 dots per inch."""
NEW_SUBFILE_TYPE = 254
USUAL_DENSITY = 200
GREY = {"1", "L", "I;16", "I", "F"}


def read(content: bytes, media_type: str) -> Verdict:
    """The verdict on a TIFF. A single page in black or grey stays lossless (PNG).

    Raises:
        Refusal: damaged, too many pages or pixels.
    """
    scan = opened(content, media_type)
    assert isinstance(scan, TiffImageFile)
    numbers = page_numbers(scan)
    if len(numbers) > 1:
        return bound(scan, numbers)
    page = next(pages(scan, numbers))
    return drawn(page, lossless=page.mode in GREY)


def page_numbers(scan: TiffImageFile) -> list[int]:
    """Which frames are pages: not the small previews some programs add.

    Raises:
        Refusal: the list of frames is damaged, or holds too much.
    """
    try:
        frames = [(number, *_size(scan, number)) for number in range(scan.n_frames)]
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal(Reason.BROKEN) from error
    found = [number for number, _pixels, preview in frames if not preview] or [0]
    if len(found) > MAX_PAGES:
        raise Refusal(Reason.TOO_MANY_PAGES)
    if sum(pixels for _number, pixels, _preview in frames) > MAX_PIXELS:
        raise Refusal(Reason.TOO_MANY_PIXELS)
    return found


def _size(scan: TiffImageFile, number: int) -> tuple[int, bool]:
    scan.seek(number)
    width, height = scan.size
    return width * height, bool(scan.tag_v2.get(NEW_SUBFILE_TYPE, 0) & 1)


def pages(scan: TiffImageFile, numbers: list[int]) -> Iterator[Image.Image]:
    for number in numbers:
        scan.seek(number)
        yield upright(scan)


def bound(scan: TiffImageFile, numbers: list[int]) -> Verdict:
    """All pages as one PDF: black-and-white as fax code without loss, others as JPEG."""
    density = _density(scan)
    thumbnail = b""
    written = io.BytesIO()
    with pikepdf.Pdf.new() as document:
        for page in pages(scan, numbers):
            thumbnail = thumbnail or thumbnail_of(eight_bit(page))
            leaf = io.BytesIO()
            if page.mode == "1":
                page.save(leaf, "PDF", resolution=density)
            else:
                on_white(page).save(leaf, "PDF", resolution=density, quality=QUALITY)
            document.pages.extend(pikepdf.open(leaf).pages)
        document.save(written)
    return Verdict(media_type=PDF, kept=written.getvalue(), thumbnail=thumbnail)


def _density(scan: TiffImageFile) -> float:
    """Dots per inch as the file says, if that is sensible: it gives the paper's size."""
    said = float(scan.info.get("dpi", (0, 0))[0] or 0)
    return said if 72 <= said <= 1200 else USUAL_DENSITY
