"""Text as people type or paste it, made fit to keep, or refused with a sentence naming why."""

import re
import unicodedata

from portal.kernel.text import N_, Said

# Left behind by copying from web pages and word processors; they carry no meaning of their own.
PASTE_CRUMBS = dict.fromkeys([0x00AD, 0x200B, 0x2060, 0xFEFF])
# Line ends of other systems, and Unicode's own.
LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Able to make a name read differently from what is stored (Unicode TR 36, bidirectional text).
TURNS_TEXT = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DASHES = re.compile("[\u2010-\u2015\u2212\u30fc\ufe58\ufe63\uff0d-]")

CONTROL = N_("Character %(place)s is an invisible control character (%(code)s). Delete it.")
TURNING = N_(
    "Character %(place)s is invisible and changes the direction of reading (%(code)s). Delete it."
)
PRIVATE = N_(
    "Character %(place)s (%(code)s) is a private one that other computers cannot show."
    " Type it again, or write it another way."
)
BROKEN = N_("Character %(place)s (%(code)s) is broken. Type it again.")


class Wrong(ValueError):
    """What was typed cannot be accepted.

    `message` is a sentence for the person. `keepable` says whether a draft may hold the text
    all the same: databases cannot store some characters, and others would deceive a reader.
    """

    def __init__(self, message: str | Said, *, keepable: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.keepable = keepable


def one_line(text: str) -> str:
    """`text` in NFC on one line, spaces of any kind and number turned into one.

    Raises:
        Wrong: it has a character that is never kept.
    """
    return " ".join(checked(LINE_ENDS.sub(" ", text)).split())


def many_lines(text: str) -> str:
    """`text` in NFC with line ends as "\\n", nothing at the ends of lines, two empty lines at most.

    Raises:
        Wrong: it has a character that is never kept.
    """
    lines = (line.rstrip() for line in checked(LINE_ENDS.sub("\n", text)).split("\n"))
    return re.sub("\n{4,}", "\n\n\n", "\n".join(lines)).strip()


def compact(text: str) -> str:
    """`text` in NFKC (full-width letters and digits become plain), without spaces.

    Raises:
        Wrong: it has a character that is never kept.
    """
    plain = "".join(unicodedata.normalize("NFKC", one_line(text)).split())
    # What stood on both sides of a space may join now that it is gone.
    return unicodedata.normalize("NFKC", plain)


def checked(text: str) -> str:
    """`text` in NFC without the crumbs of pasting, once no character in it is unwanted."""
    for place, character in enumerate(text, start=1):
        if character > "~" or character < " ":
            refuse_unwanted(character, place)
    return unicodedata.normalize("NFC", text.translate(PASTE_CRUMBS))


def refuse_unwanted(character: str, place: int) -> None:
    """Source: Unicode general categories Cc, Cs, Co; noncharacters; TR 36 for direction."""
    message = trouble_with(character)
    if message:
        code = f"U+{ord(character):04X}"
        raise Wrong(Said(message, place=place, code=code), keepable=False)


def trouble_with(character: str) -> str:
    """The msgid of what is wrong with one character, "" if nothing is."""
    if character in "\t\n" or ord(character) in PASTE_CRUMBS:
        return ""
    if character in TURNS_TEXT:
        return TURNING
    if ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef":
        return BROKEN
    return {"Cc": CONTROL, "Cs": BROKEN, "Co": PRIVATE}.get(unicodedata.category(character), "")
