"""Cut one face out of a source font: choose characters, order the glyphs, name it."""

import io
from collections.abc import Iterable
from pathlib import Path

import uharfbuzz as hb
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

# Vertical setting and alternates are not used; a mark's place in Latin is (GPOS stays there).
UNUSED = ("GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG")
MAXIMA = (
    *("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
    *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxPoints"),
    *("maxContours", "maxCompositePoints", "maxCompositeContours", "maxComponentDepth"),
)
"""What TrueType's table of maxima adds; compiling counts those that are not zero."""

CURVE_ERROR = 1.0
"""How far, in thousandths of the size, a converted outline may lie from the source's."""


def face_of(path: Path, family: str) -> "hb.Face":
    """The face called `family` in a collection (a .ttc holds ten)."""
    blob = hb.Blob.from_file_path(str(path))
    for index in range(hb.Face(blob, 0).count):
        face = hb.Face(blob, index)
        if face.get_name(hb.OTNameIdPredefined.FONT_FAMILY, "en") == family:
            return face
    raise LookupError(f"{path.name} has no {family}")


def subset(face: "hb.Face", codepoints: Iterable[int], *, drop: Iterable[str] = UNUSED) -> TTFont:
    """A font of these characters alone, glyphs in the source's order."""
    wish = hb.SubsetInput()
    wish.unicode_set.update(codepoints)
    wish.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(
        int.from_bytes(tag.ljust(4).encode(), "big") for tag in drop
    )
    wish.flags = hb.SubsetFlags.DESUBROUTINIZE | hb.SubsetFlags.NO_HINTING
    return TTFont(io.BytesIO(hb.subset(face, wish).blob.data))


def as_truetype(font: TTFont) -> None:
    """Turn PostScript outlines into TrueType ones, whose subsets are a fifth smaller."""
    drawn, order = font.getGlyphSet(), font.getGlyphOrder()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        drawn[name].draw(Cu2QuPen(pen, CURVE_ERROR, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"], outlines = newTable("loca"), newTable("glyf")
    font["glyf"] = outlines
    outlines.glyphOrder, outlines.glyphs = order, glyphs
    del font["CFF "]
    outlines.compile(font)
    _measure(font, order)
    font["post"].formatType = 3.0
    font.sfntVersion = "\0\1\0\0"


def _measure(font: TTFont, order: list[str]) -> None:
    """Left bearings and the table of maxima, which PostScript fonts do without."""
    widths, outlines = font["hmtx"], font["glyf"]
    for name in order:
        glyph = outlines.glyphs[name]
        glyph.recalcBounds(outlines)
        widths[name] = (widths[name][0], getattr(glyph, "xMin", 0))
    maxima = font["maxp"]
    maxima.tableVersion = 0x00010000
    for field in MAXIMA:
        setattr(maxima, field, 0)
    maxima.maxZones = 1
    maxima.compile(font)


def in_order_of(font: TTFont, characters: Iterable[str]) -> None:
    """Renumber a TrueType font's glyphs: .notdef, then `characters`, then what is left."""
    glyph_of, old = font.getBestCmap(), font.getGlyphOrder()
    wanted = (glyph_of.get(ord(character)) for character in characters)
    new = list(dict.fromkeys([old[0], *(name for name in wanted if name), *old]))
    # Tables are read by the old numbers before the order changes.
    for table in font["cmap"].tables:
        table.cmap  # noqa: B018
    font["hmtx"].metrics  # noqa: B018
    font.setGlyphOrder(new)
    font["glyf"].setGlyphOrder(new)


def name_it(font: TTFont, family: str, style: str) -> None:
    names = font["name"]
    names.names = []
    whole = f"{family} {style}"
    for number, text in enumerate(
        (family, style, whole, whole, "1", whole.replace(" ", "")), start=1
    ):
        names.setName(text, number, 3, 1, 0x409)
