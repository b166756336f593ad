"""The scheme's dated tables (districts, kinds, professions, data) as one frozen snapshot."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).parent

Row = TypeVar("Row")


@dataclass(frozen=True)
class Region:
    """One of the three regions."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str


@dataclass(frozen=True)
class District:
    """One of the 18 districts; `region` is a region's code."""

    code: str
    region: str
    name_en: str
    name_tc: str
    name_sc: str


@dataclass(frozen=True)
class Kind:
    """A kind of institution. `conditions`: which Conditions of Registration apply to it."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str
    conditions: str
    basis: str
    licence: str = ""
    """Whether its licence or registration number is asked: "required", "optional" or not."""
    proposal: bool = False
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Profession:
    """A statutory profession. `number_hint` is unverified: never refuse by it."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str
    ordinance_en: str
    ordinance_tc: str
    ordinance_sc: str
    body_en: str
    body_tc: str
    body_sc: str
    specified: bool
    access_enabled: bool
    number_hint: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Sharable:
    """A kind of data that a location may share with eHealth."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Source:
    """Open data that entries were taken from; its name is the attribution to print."""

    code: str
    name_en: str
    name_tc: str
    name_sc: str


@dataclass(frozen=True)
class Scheme:
    """The tables as they stand on one day, passed into steps and rules, which never query."""

    on: date
    regions: tuple[Region, ...]
    districts: tuple[District, ...]
    kinds: tuple[Kind, ...]
    professions: tuple[Profession, ...]
    sharable: tuple[Sharable, ...] = ()

    @cached_property
    def district(self) -> dict[str, District]:
        return {d.code: d for d in self.districts}

    @cached_property
    def kind(self) -> dict[str, Kind]:
        """By code, of today's kinds only: see `any_kind` for entries older than a change."""
        return {k.code: k for k in self.kinds}

    @cached_property
    def profession(self) -> dict[str, Profession]:
        return {p.code: p for p in self.professions}

    def districts_of(self, region: str) -> tuple[District, ...]:
        return tuple(d for d in self.districts if d.region == region)


@cache
def scheme(on: date) -> Scheme:
    """The scheme on the Hong Kong date `on`. Read once per day and process."""
    return Scheme(
        on=on,
        regions=_rows("districts", "region", Region),
        districts=_rows("districts", "district", District),
        kinds=tuple(_in_force(_rows("kinds", "kind", Kind), on)),
        professions=tuple(_in_force(_rows("professions", "profession", Profession), on)),
        sharable=tuple(_in_force(_rows("sharable", "sharable", Sharable), on)),
    )


@cache
def any_kind(code: str) -> Kind:
    """The newest row for `code`, in force or not: an old entry keeps its kind's name.

    Raises:
        KeyError: there was never such a kind.
    """
    kinds: dict[str, Kind] = {kind.code: kind for kind in _rows("kinds", "kind", Kind)}
    return kinds[code]


def source(code: str) -> Source | None:
    """The open data called `code`; None for entries that came by an application."""
    return next((s for s in _rows("sources", "source", Source) if s.code == code), None)


def _in_force(rows: Iterable[Any], on: date) -> Iterable[Any]:
    return (r for r in rows if (r.since or on) <= on and (r.until is None or on < r.until))


@cache
def _rows(file: str, table: str, row: type[Row]) -> tuple[Row, ...]:
    """Every row of `table`; a key too many or too few is a mistake in the file and raises."""
    content = tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
    known = {f.name for f in fields(row)}  # type: ignore[arg-type]
    for entry in content[table]:
        if unknown := set(entry) - known:
            raise ValueError(f"{file}.toml: {table} {entry.get('code')}: unknown {unknown}")
    return tuple(row(**entry) for entry in content[table])
