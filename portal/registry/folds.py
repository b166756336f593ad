"""How the table of kernel.folding is made: by OpenCC, one character at a time."""

import unicodedata
from itertools import chain

from opencc import OpenCC

HEADER = """\
# Characters and what each is compared as: pairs, one after the other, 40 to a line.
# Made by `bin/portal register fold-table` from OpenCC's maps hk2s, tw2s and t2s in turn
# (t2s alone leaves the Hong Kong form U+885E as it is). OpenCC: Apache-2.0.
"""

HAN_CODES = (*range(0x2E80, 0x2FE0), *range(0x3400, 0xA000), *range(0xF900, 0xFB00))
EXTENSIONS = range(0x20000, 0x323B0)


def table() -> str:
    """The whole file, the same for the same OpenCC."""
    maps = [OpenCC(name) for name in ("hk2s", "tw2s", "t2s")]
    letters = [chr(code) for code in chain(HAN_CODES, EXTENSIONS)]
    pairs = [c + f for c in letters if (f := _folded(c, maps)) != c]
    lines = ["".join(pairs[at : at + 40]) for at in range(0, len(pairs), 40)]
    return HEADER + "\n".join(lines) + "\n"


def _folded(letter: str, maps: list[OpenCC]) -> str:
    if unicodedata.normalize("NFKC", letter) != letter:
        # Comparing normalises first and never meets this one.
        return letter
    found = letter
    for _ in range(4):
        before = found
        for one in maps:
            said = one.convert(found)
            found = said if len(said) == 1 else found
        if found == before:
            break
    return found
