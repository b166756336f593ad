"""Pictures with one peculiarity each."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import ImageFileDirectory_v2

EIFFEL = (48.0, 51.0, 29.6)
"""Latitude of a place that no stored picture may tell."""
GPS_WORDS = (b"Exif", b"GPS", b"http://ns.adobe.com")


def drawing(size: tuple[int, int] = (600, 400), mode: str = "RGB") -> Image.Image:
    """Text on paper, a red chop in the upper left corner."""
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 10, size[0] // 4, size[1] // 4), fill=(200, 20, 20))
    for line in range(size[1] // 3, size[1] - 10, 12):
        pen.line((20, line, size[0] - 20, line), fill=(20, 20, 20), width=3)
    return picture.convert(mode)


def exif(orientation: int = 1) -> Image.Exif:
    told = Image.Exif()
    told[0x0112] = orientation
    told[0x010F] = "A telephone"
    told[0x8825] = {1: "N", 2: EIFFEL, 3: "E", 4: (2.0, 17.0, 40.2)}
    return told


def as_(form: str, picture: Image.Image | None = None, **saving: object) -> bytes:
    written = io.BytesIO()
    (picture or drawing()).save(written, form, **saving)
    return written.getvalue()


def heic() -> bytes:
    """As a telephone writes it, with the place where it was taken."""
    pillow_heif.register_heif_opener()
    return as_("HEIF", exif=exif().tobytes(), quality=80)


def photograph(orientation: int = 6) -> bytes:
    return as_("JPEG", exif=exif(orientation), quality=80)


def multi_picture() -> bytes:
    """A JPEG that carries a second picture, as many telephones write."""
    return as_("MPO", save_all=True, append_images=[drawing((60, 40))])


def tiff(*, pages: int = 1, mode: str = "RGB", **saving: object) -> bytes:
    first, *others = [drawing((400, 560), mode) for _ in range(pages)]
    return as_("TIFF", first, save_all=True, append_images=others, **saving)


def tiff_with_preview() -> bytes:
    """One page, and its reduced picture as a second frame."""
    preview = ImageFileDirectory_v2()
    preview[254] = 1
    small = drawing((40, 56))
    small.encoderinfo = {"tiffinfo": preview}
    return as_("TIFF", drawing((400, 560)), save_all=True, append_images=[small])


def declared_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is as large as that."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1000))
    parts = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    chunks = [
        struct.pack(">I", len(content)) + kind + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    ]  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def animated(form: str) -> bytes:
    frames = [drawing((60, 40)), Image.new("RGB", (60, 40), "green")]
    return as_(form, frames[0], save_all=True, append_images=frames[1:], duration=100)
