"""Find the size at which a label's texts fill their box and do not run out of it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Advance = Callable[..., float]
"""`advance(text, bold=…)`: the width of `text` on one line in units of its size."""

WIDE = re.compile(r"[⺀-鿿가-힣豈-﫿︰-﹏＀-￯\U00020000-\U0003ffff]")
PIECES = re.compile(rf"{WIDE.pattern}|[^\s{WIDE.pattern[1:-1]}]+|\s+")

SCALES = tuple(round(1.0 * 0.95**step, 3) for step in range(32))
"""The sizes tried, largest first; the last is a fifth of the first."""

UNEVEN = 0.06
"""Letters of two faces do not stand equally high, which makes some lines higher than asked."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a text is set: its `size` in ems at scale 1 and the gap `before` it in ems."""

    size: float
    leading: float
    bold: bool = False
    before: float = 0
    # How much of the shrinking it takes part in: 1 all, 0.5 the square root of it.
    gives: float = 1.0

    def size_at(self, scale: float) -> float:
        return self.size * float(scale**self.gives)


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of the label. `role` says what it is, `key` names its voice."""

    text: str
    lang: str
    role: str
    key: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class Fit:
    """The step of SCALES that fits, and how high the texts will then be in ems, at the most."""

    step: int
    height: float


def fit(
    passages: Sequence[Passage],
    *,
    width: float,
    height: float,
    smallest: float,
    advance: Advance,
) -> Fit | None:
    """The largest scale at which `passages` fit in `width` × `height` ems.

    None if some text would become smaller than `smallest` ems.
    """
    for step, scale in enumerate(SCALES):
        if any(p.voice.size_at(scale) < smallest for p in passages):
            return None
        needed = sum(_height(p, width, scale, advance) for p in passages)
        if needed <= height:
            return Fit(step, needed)
    return None


def _height(passage: Passage, width: float, scale: float, advance: Advance) -> float:
    voice = passage.voice
    size = voice.size_at(scale)
    lines = _lines(passage, width / size, advance)
    return voice.before * scale + lines * size * (voice.leading + UNEVEN)


def _lines(passage: Passage, ems: float, advance: Advance) -> int:
    """How many lines of `ems` squares the passage takes, never fewer than it will.

    A line may not begin with a closing mark, so that up to one square of each Chinese line
    can stay empty; half a square is kept back everywhere for rounding.
    """
    kept_back = 1.5 if WIDE.search(passage.text) else 0.25
    room = max(ems - kept_back, 1.0)
    count, used = 1, 0.0
    for piece in _words(passage.text):
        needed = advance(piece, bold=passage.voice.bold)
        if used and used + needed > room:
            count, used = count + 1, 0.0
            if piece.isspace():
                continue
        if needed > room:
            # Broken anywhere: each line loses at most one letter's width.
            extra = int(needed / max(room - 1, 0.5))
            count, used, needed = count + extra, 0.0, room
        used += needed
    return count


def _words(text: str) -> list[str]:
    """What is not broken within: words, single Chinese characters with their closing marks."""
    return PIECES.findall(text)
