"""Reads a picture and draws it anew, so that nothing but its pixels is kept: no place, no date."""

import io

from PIL import Image, ImageOps

from portal.infra.scanning.pictures import thumbnail_of
from portal.infra.scanning.types import HEIC, JPEG, PNG, TIFF, WEBP
from portal.infra.scanning.verdicts import Reason, Refusal, Verdict

MAX_PIXELS = 64_000_000
"""A telephone's 48 or 50 megapixels pass; more is no document."""
LONGEST_SIDE = 6000
"""Larger pictures are drawn smaller: A4 keeps 510 dots per inch."""
QUALITY = 90

FORMATS = {JPEG: "JPEG", PNG: "PNG", TIFF: "TIFF", WEBP: "WEBP", HEIC: "HEIF"}

# We count pixels ourselves and refuse with a sentence; Pillow would warn or raise.
Image.MAX_IMAGE_PIXELS = None


def read(content: bytes, media_type: str) -> Verdict:
    """The verdict on a picture; `kept` is the picture drawn anew, upright.

    JPEG, HEIC and WebP are kept as JPEG, PNG as PNG.

    Raises:
        Refusal: damaged, too large or animated.
    """
    picture = opened(content, media_type)
    if media_type in {PNG, WEBP} and getattr(picture, "n_frames", 1) > 1:
        raise Refusal(Reason.ANIMATED)
    return drawn(upright(picture), lossless=media_type == PNG)


def opened(content: bytes, media_type: str) -> Image.Image:
    """The picture, its pixels not yet unpacked.

    Raises:
        Refusal: not a picture of this kind, or too many pixels.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=[FORMATS[media_type]])
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's readers raise many kinds for damaged files: OSError, SyntaxError, struct.error …
        raise Refusal(Reason.BROKEN) from error
    check_size(picture)
    return picture


def check_size(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise Refusal(Reason.TOO_MANY_PIXELS)


def upright(picture: Image.Image) -> Image.Image:
    """All pixels unpacked, turned as the camera was held, at most LONGEST_SIDE long.

    Raises:
        Refusal: the pixels are damaged or incomplete.
    """
    try:
        picture.load()
        turned = ImageOps.exif_transpose(picture)
    except MemoryError:
        raise
    except Exception as error:
        raise Refusal(Reason.BROKEN) from error
    if max(turned.size) <= LONGEST_SIDE:
        return turned
    if turned.mode in {"P", "1"}:
        turned = turned.convert("L" if turned.mode == "1" else "RGBA")
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return turned


def drawn(picture: Image.Image, *, lossless: bool) -> Verdict:
    """The verdict with `picture` as it is to be kept: as PNG if `lossless`, else as JPEG."""
    written = io.BytesIO()
    transparency = picture.info.get("transparency")
    picture.info = {}
    if lossless:
        # A palette's transparency is part of the picture; all else in `info` is not.
        see_through = {} if transparency is None else {"transparency": transparency}
        picture.save(written, "PNG", **see_through)
    else:
        # No colour subsampling: red chops over black text stay sharp.
        flat = on_white(picture)
        flat.save(written, "JPEG", quality=QUALITY, subsampling=0)
    return Verdict(
        media_type=PNG if lossless else JPEG,
        kept=written.getvalue(),
        thumbnail=thumbnail_of(eight_bit(picture)),
    )


def on_white(picture: Image.Image) -> Image.Image:
    """`picture` as JPEG can hold it: grey or colour, what was transparent now white."""
    if picture.mode in {"L", "RGB"}:
        return picture
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return eight_bit(picture).convert("L" if picture.mode in {"1", "I", "I;16", "F"} else "RGB")


def eight_bit(picture: Image.Image) -> Image.Image:
    """Sixteen-bit grey scaled to eight; anything else as it is."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture
