"""Which supporting documents each kind of institution is asked for: dated data, no code.

A PROPOSAL throughout: the official list by type of healthcare provider was not seen. The table
is derived from the ordinances that the eHealth site links to registration.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "scheme" / "documents.toml"


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A sort of paper."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str
    hint_en: str
    hint_tc: str
    hint_sc: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """That institutions of a kind send a document. Of one `group`, any one document is enough.

    It holds from the first day `since` until the day before `until`; None means always.
    """

    kind: str
    document: DocumentType
    required: bool
    group: str = ""
    basis: str = ""
    proposal: bool = True
    since: date | None = None
    until: date | None = None

    def holds(self, on: date) -> bool:
        return (self.since or on) <= on and (self.until is None or on < self.until)


@cache
def requirements_for(kind: str, on: date) -> tuple[Requirement, ...]:
    """What an institution of `kind` sends whose application was begun on the Hong Kong date `on`.

    Required documents first, in the order of the table; () for a kind unknown to it.
    """
    held = [r for r in requirements() if r.kind == kind and r.holds(on)]
    return tuple(sorted(held, key=lambda r: not r.required))


@cache
def document_types() -> dict[str, DocumentType]:
    """Every type by code, in the order of the table."""
    return {entry["code"]: DocumentType(**entry) for entry in _table()["document"]}


@cache
def requirements() -> tuple[Requirement, ...]:
    """Every row, whether it holds today or not."""
    return tuple(_requirement(entry) for entry in _table()["requirement"])


def _requirement(entry: dict[str, Any]) -> Requirement:
    return Requirement(**{**entry, "document": document_types()[entry["document"]]})


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
