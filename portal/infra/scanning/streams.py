"""Unpacks a PDF's streams piece by piece, counting, so that a bomb is noticed and not held."""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator

import pikepdf

from portal.infra.scanning.verdicts import MEGABYTE, Reason, Refusal

PIECE = MEGABYTE
MAX_PICTURE = 200 * MEGABYTE
"""Unpacked bytes of one picture: A4 in colour at 800 dots per inch."""

FLATE = {"/FlateDecode", "/Fl"}
ASCII85 = {"/ASCII85Decode", "/A85"}
HEXADECIMAL = {"/ASCIIHexDecode", "/AHx"}
CODECS = {"/DCTDecode", "/DCT", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode", "/CCF", "/Crypt"}
"""Picture formats, which only a viewer unpacks; their size is bounded by the pixels declared."""

CHANNELS = {"/DeviceGray": 1, "/CalGray": 1, "/Indexed": 1, "/Separation": 1, "/DeviceCMYK": 4}


class Budget:
    """How much one document may unpack to."""

    LIMIT = 100 * MEGABYTE
    """All text, drawing and fonts together; pictures have MAX_PICTURE each and PICTURES."""
    PICTURES = 768 * MEGABYTE

    def __init__(self) -> None:
        self.text = self.LIMIT
        self.pictures = self.PICTURES

    def unpack(self, stream: pikepdf.Stream) -> None:
        """Unpack `stream` and throw the result away.

        Raises:
            Refusal: it is damaged, or larger than declared or allowed.
        """
        if str(stream.get("/Subtype", "")) == "/Image":
            room = min(declared_bytes(stream), self.pictures)
            self.pictures -= unpacked_bytes(stream, room)
        else:
            self.text -= unpacked_bytes(stream, self.text)


def declared_bytes(picture: pikepdf.Stream) -> int:
    """How many bytes the pixels need by the picture's own dimensions, with room to spare.

    Raises:
        Refusal: more than MAX_PICTURE, or no sensible dimensions.
    """
    try:
        width, height = int(picture.get("/Width", 0)), int(picture.get("/Height", 0))
        bits = 1 if picture.get("/ImageMask", False) else int(picture.get("/BitsPerComponent", 8))
    except (TypeError, ValueError) as error:
        raise Refusal(Reason.BROKEN) from error
    space = picture.get("/ColorSpace")
    name = str(space[0]) if isinstance(space, pikepdf.Array) and len(space) else str(space)
    row = (width * bits * CHANNELS.get(name, 4 if name == "/ICCBased" else 3) + 7) // 8
    # A predictor adds a byte to each row.
    needed = (row + 1) * height
    if min(width, height, bits) < 0 or needed > MAX_PICTURE:
        raise Refusal(Reason.TOO_MANY_PIXELS)
    return needed + 64 * 1024


def unpacked_bytes(stream: pikepdf.Stream, room: int) -> int:
    """How many bytes `stream` unpacks to, short of what only viewers can unpack.

    Raises:
        Refusal: more than `room`, or the packing is damaged.
    """
    filters = stream.get("/Filter", pikepdf.Array())
    names = [str(f) for f in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
    pieces: Iterable[bytes] = [stream.read_raw_bytes()]
    for name in names:
        if name in CODECS:
            break
        pieces = within(unpacked(name, pieces, stream), room)
    return sum(len(piece) for piece in pieces)


def within(pieces: Iterable[bytes], room: int) -> Iterator[bytes]:
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise Refusal(Reason.BOMB)
        yield piece


def unpacked(name: str, pieces: Iterable[bytes], stream: pikepdf.Stream) -> Iterable[bytes]:
    if name in FLATE:
        return inflated(pieces)
    if name in ASCII85:
        return [from_ascii85(b"".join(pieces))]
    if name in HEXADECIMAL:
        return [from_hexadecimal(b"".join(pieces))]
    # LZW and run lengths: seldom seen, left with their whole chain to the library's own limits.
    return [stream.read_bytes(pikepdf.StreamDecodeLevel.specialized)]


def inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Unpacked Flate. A missing end is no damage: Acrobat itself leaves streams unfinished.

    Raises:
        Refusal: what is there cannot be unpacked.
    """
    packing = zlib.decompressobj()
    try:
        for piece in pieces:
            while piece and not packing.eof:
                yield packing.decompress(piece, PIECE)
                piece = packing.unconsumed_tail
        yield packing.flush()
    except zlib.error as error:
        raise Refusal(Reason.BROKEN) from error


def from_ascii85(packed: bytes) -> bytes:
    body = b"".join(packed.split()).removeprefix(b"<~").partition(b"~")[0]
    try:
        return base64.a85decode(body)
    except ValueError as error:
        raise Refusal(Reason.BROKEN) from error


def from_hexadecimal(packed: bytes) -> bytes:
    body = b"".join(packed.split()).partition(b">")[0]
    try:
        return binascii.unhexlify(body + b"0" * (len(body) % 2))
    except binascii.Error as error:
        raise Refusal(Reason.BROKEN) from error
