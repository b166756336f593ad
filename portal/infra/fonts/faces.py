"""Which faces there are, from which source each is cut and which characters it holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

LATIN = "Portal Latin"
FAMILIES = {
    "en": (LATIN, "Portal TC", "Portal TC Rest"),
    "tc": (LATIN, "Portal TC", "Portal TC Rest"),
    "sc": (LATIN, "Portal SC", "Portal SC Rest"),
}
"""For each language, the families a character is looked for in, in this order."""

CJK_SOURCES = {
    "Regular": "opentype/noto/NotoSansCJK-Regular.ttc",
    "Bold": "opentype/noto/NotoSansCJK-Bold.ttc",
}
LATIN_SOURCES = {
    "Regular": "truetype/noto/NotoSans-Regular.ttf",
    "Bold": "truetype/noto/NotoSans-Bold.ttf",
}
"""Below the settings' font_sources; from Debian's fonts-noto-cjk and fonts-noto-core."""

# Letters and signs of the Chinese faces' own width, and the marks of Chinese sentences.
SIGNS = (*range(0x20, 0x7F), *range(0x3000, 0x3030), *range(0xFF01, 0xFF61), *range(0x2460, 0x2474))


class FontsMissing(RuntimeError):
    """The fonts are not built, or what they are built from is not installed."""


@dataclass(frozen=True)
class Script:
    """One Chinese script's two families and where they come from."""

    code: str
    source_family: str
    codec: str

    @property
    def family(self) -> str:
        return f"Portal {self.code.upper()}"

    @property
    def rest(self) -> str:
        return f"{self.family} Rest"


SCRIPTS = (
    Script("tc", "Noto Sans CJK HK", "big5"),
    Script("sc", "Noto Sans CJK SC", "gb2312"),
)


@cache
def frequent(script: Script) -> tuple[str, ...]:
    """The script's frequent characters, most frequent first.

    First those of Hong Kong's building addresses and public clinics, counted (the two lists
    beside this module), then the everyday half of the script's old national set.
    """
    counted = (HERE / f"frequent_{script.code}.txt").read_text("utf-8").strip()
    return tuple(dict.fromkeys([*"，。：；（）、「」", *counted, *_everyday(script.codec)]))


def _everyday(codec: str) -> Iterator[str]:
    """Level 1 of Big5 (5,401 characters by strokes) or GB 2312 (3,755 by sound), in its order."""
    leads, trails = (
        (range(0xA4, 0xC7), (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
        if codec == "big5"
        else (range(0xB0, 0xD8), range(0xA1, 0xFF))
    )
    for lead in leads:
        for trail in trails:
            try:
                yield bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
