"""Pictures of the pages that will be printed: the PDF itself, seen through PDFium."""

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2

WIDTH = 1100
"""Pixels across one page: enough to read the smallest line."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a PNG in a data: address, so that nothing needs to be kept for it."""

    address: str
    width: int
    height: int


def pictures(pdf: bytes, *, most: int) -> Iterator[Picture]:
    """The first `most` pages."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(min(most, len(document))):
            page = document[number]
            yield _picture(page, WIDTH / page.get_width())
    finally:
        document.close()


def _picture(page: pypdfium2.PdfPage, scale: float) -> Picture:
    drawn = page.render(scale=scale).to_pil().convert("P", palette=1, colors=64)
    png = io.BytesIO()
    drawn.save(png, "png", optimize=True)
    address = f"data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"
    return Picture(address, drawn.width, drawn.height)
