"""The notices an applicant reads and acknowledges before applying: eight, each with its version.

What is ours and what is official is kept apart by `Standing`. To put an official text in place:
docs/guides/notices.md.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from portal.kernel.prose import Prose, read

FOLDER = Path(__file__).parent / "scheme"
LANGUAGES = ("en", "tc", "sc")


class Standing(StrEnum):
    """Whose words a notice is in."""

    OFFICIAL = "official"
    SUMMARY = "summary"
    """Our own dated summary of a public source that was seen, at least in part."""
    SAMPLE = "sample"
    """The official text was not seen: it shows where the text will stand, and binds nobody."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of a notice, with its title in three languages.

    `applies_to`: the sets of Conditions of Registration it goes with, see `Kind.conditions`.
    `source`: address of the official text or of the page that leads to it; `seen`: the day our
    copy of it was read. It holds from `since` until the day before `until`; None means always.
    """

    key: str
    version: str
    name_en: str
    name_tc: str
    name_sc: str
    applies_to: tuple[str, ...]
    kind: Standing
    source: str
    seen: date
    text_file: str
    since: date | None = None
    until: date | None = None

    def text(self, lang: str) -> Prose:
        """The text in "en", "tc" or "sc"."""
        return read(FOLDER / "notices" / lang / f"{self.text_file}.md")

    def holds(self, on: date) -> bool:
        return (self.since or on) <= on and (self.until is None or on < self.until)

    @property
    def is_sample(self) -> bool:
        return self.kind is Standing.SAMPLE


def acceptable(notice: Notice, *, production: bool) -> bool:
    """Whether the notice may be shown as a text to accept, and accepted.

    In production a SAMPLE is neither: nobody must be bound by words nobody issued.
    """
    return not (production and notice.is_sample)


def not_acceptable(notices: Iterable[Notice], *, production: bool) -> tuple[Notice, ...]:
    """Those that stop an application in production until their official text is in place."""
    return tuple(n for n in notices if not acceptable(n, production=production))


@cache
def notices_for(scheme_set: str, on: date) -> tuple[Notice, ...]:
    """The notices that go with a set of Conditions ("private_hospital" or "other") on a day."""
    return tuple(n for n in notices_on(on) if scheme_set in n.applies_to)


@cache
def notices_on(on: date) -> tuple[Notice, ...]:
    """All notices in force on the Hong Kong date `on`, in the order in which they are read."""
    return tuple(n for n in all_notices() if n.holds(on))


@cache
def all_notices() -> tuple[Notice, ...]:
    """Every version there is or was: an acknowledgement names one of them."""
    table = tomllib.loads((FOLDER / "notices.toml").read_text(encoding="utf-8"))
    return tuple(_notice(entry) for entry in table["notice"])


def _notice(entry: dict[str, Any]) -> Notice:
    own = {
        "applies_to": tuple(entry["applies_to"]),
        "kind": Standing(entry["kind"]),
        "text_file": entry.get("text_file", entry["key"]),
    }
    return Notice(**{**entry, **own})
