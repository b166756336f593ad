"""The reading pages as they are kept: dated, with sources, their words in three languages."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from portal.kernel.prose import Prose, read

FOLDER = Path(__file__).parent / "pages"
LANGUAGES = ("en", "tc", "sc")


@dataclass(frozen=True, slots=True)
class Source:
    """Where something on a page was read. `address` may have `{lang}` in it."""

    key: str
    name_en: str
    name_tc: str
    name_sc: str
    address: str

    def address_in(self, lang: str) -> str:
        """The source in "en", "tc" or "sc", or in English where it is in no other language."""
        return self.address.replace("{lang}", lang)

    def language(self, lang: str) -> str:
        return lang if "{lang}" in self.address else "en"


@dataclass(frozen=True, slots=True)
class ReadingPage:
    """A page of words. `reviewed`: the day it was last compared with its sources."""

    key: str
    address: str
    reviewed: date
    sources: tuple[Source, ...]

    def text(self, lang: str) -> Prose:
        """The words in "en", "tc" or "sc"."""
        return read(FOLDER / lang / f"{self.key}.md")


@cache
def reading_pages() -> dict[str, ReadingPage]:
    """Every page by key, in order."""
    sources = {entry["key"]: Source(**entry) for entry in _table()["source"]}
    return {
        entry["key"]: ReadingPage(
            **{**entry, "sources": tuple(sources[key] for key in entry["sources"])}
        )
        for entry in _table()["page"]
    }


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((FOLDER / "pages.toml").read_text(encoding="utf-8"))
