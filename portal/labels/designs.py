"""The two designs of a label: upright for a door, lying for a small adhesive label."""

from dataclasses import dataclass

from portal.infra.fonts import printable
from portal.infra.i18n import LANGS
from portal.labels.faces import LabelFace
from portal.labels.fitting import SCALES, Passage, Voice
from portal.labels.sheets import Sheet

POINTS = 72 / 25.4
"""Points in a millimetre."""

ROLES = ("name", "institution", "address")
"""From top to bottom."""


@dataclass(frozen=True)
class Design:
    """How a label is divided. Lengths are in ems of the label's own size, see `em`.

    `box` is where the texts lie: left, top, width, height.
    """

    # Names its template and its two style sheets.
    key: str
    # The label's width in ems.
    ems: float
    box: tuple[float, float, float, float]
    # Sizes in ems: names by language, then institution, then address.
    names: dict[str, float]
    institution: float
    address: float
    # Below this many points nobody reads a label.
    smallest: float
    # Whether the location's number has a place of its own.
    numbered: bool = True

    def em(self, sheet: Sheet) -> float:
        """The label's em in points: the whole drawing grows and shrinks with the paper."""
        return sheet.label[0] * POINTS / self.ems


DESIGNS = {
    "door": Design(
        key="label_door",
        ems=42,
        box=(4, 19, 34, 19.2),
        names={"tc": 3.1, "en": 1.75, "sc": 1.75},
        institution=1.15,
        address=1.15,
        smallest=3.5,
    ),
    "sticker": Design(
        key="label_sticker",
        ems=42,
        box=(1.7, 6.2, 27.4, 13.6),
        names={"tc": 2.3, "en": 1.5, "sc": 1.4},
        institution=1.05,
        address=1.05,
        smallest=3,
        numbered=False,
    ),
}


def voice_of(design: Design, role: str, lang: str, *, first: bool) -> Voice:
    """How a text of this role is set; the first of a role stands further from what is above."""
    if role == "name":
        return Voice(design.names[lang], 1.2, lang != "sc", 0 if first else 0.35)
    size = design.institution if role == "institution" else design.address
    return Voice(size, 1.35, before=0.9 if first else 0.1, gives=0.5)


def key_of(role: str, lang: str, *, first: bool) -> str:
    return f"{role[0]}{lang[0] if role == 'name' else ''}{int(first)}"


def passages(face: LabelFace, design: Design) -> list[Passage]:
    """The face's texts from top to bottom."""
    return [
        Passage(
            printable(text), lang, role, key_of(role, lang, first=not place),
            voice_of(design, role, lang, first=not place),
        )
        for role in ROLES
        for place, (lang, text) in enumerate(getattr(face, role).by_language())
    ]  # fmt: skip


def sizes_css(design: Design) -> str:
    """A class for each voice at each step of SCALES: parsed once, where a style attribute on
    each text would be parsed each time."""
    voices = {
        key_of(role, lang, first=first): voice_of(design, role, lang, first=first)
        for role in ROLES
        for lang in LANGS
        for first in (True, False)
    }
    return "".join(
        f".{key}{step} {{ font-size: {voice.size_at(scale):.4f}em; line-height: {voice.leading};"
        f" margin-top: {voice.before * scale / voice.size_at(scale):.4f}em }}"
        for key, voice in voices.items()
        for step, scale in enumerate(SCALES)
    )
