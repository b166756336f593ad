"""One form for names that look or read alike: width, case, accents, Traditional, Simplified."""

import unicodedata
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("folding.txt")
"""Pairs of characters, each with the one it folds to; `bin/portal register fold-table` makes it."""

ACCENTS = dict.fromkeys(range(0x0300, 0x0370))


@cache
def pairs() -> dict[int, str]:
    """Code point -> the character that stands for it (about 4,100, all Chinese)."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    letters = "".join(line for line in lines if not line.startswith("#"))
    return {ord(letters[at]): letters[at + 1] for at in range(0, len(letters), 2)}


def fold(text: str) -> str:
    """`text` as it is compared: NFKC, no accents, Simplified characters, lower case.

    Only for comparing: the result is not proper Simplified Chinese (one character at a time,
    so 乾隆 becomes 干隆). fold(fold(x)) == fold(x).
    """
    if not text.isascii():
        bare = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
        text = unicodedata.normalize("NFKC", bare.translate(ACCENTS)).translate(pairs())
    return text.lower()
