"""What the faces can print, and how wide it will be, without drawing anything."""

import json
import unicodedata
from functools import cache

import uharfbuzz as hb

from portal.infra.fonts.building import build
from portal.infra.fonts.faces import LATIN

# Marks that steer the direction of writing would turn a line on a printed label around.
STEERING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
RADICALS = (0x2E80, 0x2FD5)
INVISIBLE = {0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)}


def printable(text: str) -> str:
    """`text` as it goes to paper: one line, no steering marks, radicals as the characters they are.

    A Kangxi radical (⽥) looks like the character (田) and shares its glyph, but would be
    searched for, copied and read aloud as something else.
    """
    kept = "".join(" " if c.isspace() else c for c in text if ord(c) not in STEERING)
    return " ".join("".join(map(_without_radical, unicodedata.normalize("NFC", kept))).split())


def _without_radical(character: str) -> str:
    low, high = RADICALS
    radical = low <= ord(character) <= high
    return unicodedata.normalize("NFKC", character) if radical else character


def missing_glyphs(text: str, lang: str) -> tuple[str, ...]:
    """The characters of `text` that no face of `lang` has, each once; private use included."""
    have = _characters(lang)
    return tuple(
        dict.fromkeys(
            c for c in text if ord(c) not in have and ord(c) not in INVISIBLE and not _selects(c)
        )
    )


def _selects(character: str) -> bool:
    """Whether this only chooses a variant of the character before it."""
    return 0xE0100 <= ord(character) <= 0xE01EF


@cache
def _characters(lang: str) -> frozenset[int]:
    folder = build()
    script = "sc" if lang == "sc" else "tc"
    han = json.loads((folder / f"{script}.json").read_text())
    return frozenset(han) | frozenset(_latin_font("Regular").face.unicodes)


def advance(text: str, *, bold: bool) -> float:
    """How wide `text` is on one line, in units of its size; never less than it will be.

    Latin letters as the face says, everything else a full square.
    """
    weight = "Bold" if bold else "Regular"
    return sum(_width(character, weight) for character in text)


@cache
def _width(character: str, weight: str) -> float:
    font = _latin_font(weight)
    glyph = font.get_nominal_glyph(ord(character))
    if not glyph:
        return 1.0
    return float(font.get_glyph_h_advance(glyph)) / float(font.face.upem)


@cache
def _latin_font(weight: str) -> "hb.Font":
    path = build() / f"{LATIN}-{weight}.ttf".replace(" ", "")
    return hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))
