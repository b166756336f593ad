"""The faces papers are printed with: cut once from Noto, small where it counts.

WeasyPrint's cost of a label is mostly fonts: it copies each file it meets and keeps an empty
place for every glyph up to the highest used. So the frequent characters stand in a small face
in order of frequency, and all others the source has in a second face that is rarely opened.
"""

from portal.infra.fonts.building import build
from portal.infra.fonts.coverage import (
    advance,
    missing_glyphs,
    printable,
)
from portal.infra.fonts.faces import FAMILIES, FontsMissing

__all__ = [
    "FAMILIES",
    "FontsMissing",
    "advance",
    "build",
    "missing_glyphs",
    "printable",
]
