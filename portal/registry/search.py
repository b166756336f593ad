"""Searching the register: bitmaps of records, combined in this process.

What was read of the index is kept per process until the index's version changes; a search
then asks the database for that version alone. The same code serves both databases.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pyroaring import BitMap
from sqlalchemy import or_, select
from sqlmodel import Session, col

from portal.infra.moulds import Mould
from portal.registry.models import Institution, Listing, Posting, RegisterIndex, ServiceLocation
from portal.registry.rules import INSTITUTION, LOCATION, as_number
from portal.registry.tokens import (
    ALL,
    PATIENTS,
    Clause,
    Match,
    clauses,
    in_district,
    of_kind,
    triples,
)

KEPT = 20_000
"""Clauses, and rows of results, that a process keeps; beyond it starts afresh."""

INSIDE_FROM = 3
"""Letters from which on a word that nothing begins with is looked for inside words."""

LAST = "\U0010ffff"

STAMP = select(col(RegisterIndex.epoch), col(RegisterIndex.version))


@dataclass(frozen=True)
class Asked:
    """A search: words, and filters of which several of one sort mean any of them."""

    words: str = ""
    districts: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    patients: bool = False


@dataclass(frozen=True)
class Found:
    """The records of one page, names before addresses, then in the index's order.

    The counts say, per choice of a filter, how many there are with the other filters in force.
    """

    records: list[int]
    total: int
    start: int
    districts: dict[str, int]
    kinds: dict[str, int]
    patients: int


Hits = tuple[BitMap, BitMap]
"""Records that have something in their name, and those that have it anywhere."""


@dataclass
class Shelf:
    """What this process has read of one version of the index."""

    stamp: tuple[str, int]
    filters: dict[str, BitMap]
    dated: list[tuple[int, datetime, datetime | None]]
    clauses: dict[Clause, Hits] = field(default_factory=dict)
    rows: dict[tuple[str, int], str] = field(default_factory=dict)
    moulds: dict[tuple[object, ...], Mould] = field(default_factory=dict)

    @cached_property
    def districts(self) -> dict[str, BitMap]:
        return self._choices(in_district(""))

    @cached_property
    def kinds(self) -> dict[str, BitMap]:
        return self._choices(of_kind(""))

    def _choices(self, prefix: str) -> dict[str, BitMap]:
        found = ((term.partition(prefix), bitmap) for term, bitmap in self.filters.items())
        return {code: bitmap for (_, sort, code), bitmap in found if sort}

    def make_room(self) -> None:
        for kept in (self.clauses, self.rows, self.moulds):
            if len(kept) > KEPT:
                kept.clear()

    def unlisted(self, now: datetime) -> BitMap:
        """Records whose time has not come or is over."""
        return BitMap(
            record
            for record, since, until in self.dated
            if since > now or (until is not None and until <= now)
        )


_shelf = Shelf(("", -1), {}, [])


def shelf(db: Session, now: datetime) -> Shelf:
    """This process's shelf, emptied if the index has changed."""
    global _shelf
    # Asked with every search: without the ORM it costs a third.
    found = db.connection().execute(STAMP).one_or_none()
    stamp = (found.epoch, found.version) if found else ("", 0)
    mine = _shelf
    if mine.stamp != stamp:
        mine = _shelf = Shelf(stamp, _between(db, "="), _dated(db, now))
    mine.make_room()
    return mine


def search(
    db: Session, asked: Asked, *, start: int, size: int, now: datetime, kept: Shelf | None = None
) -> Found:
    """Records that have all the words and pass the filters, `size` from `start` on; and counts.

    Chinese words match any part of a name or address (by pairs of characters), other words
    from a word's beginning, or anywhere inside one where none begins so.
    """
    kept = kept or shelf(db, now)
    named, anywhere = _hits(db, kept, asked.words)
    anywhere = anywhere - kept.unlisted(now)
    districts = _any(kept, map(in_district, asked.districts))
    kinds = _any(kept, map(of_kind, asked.kinds))
    patients = kept.filters.get(PATIENTS, BitMap())
    inside = anywhere & kinds if kinds is not None else anywhere
    of_any_district = inside & patients if asked.patients else inside
    hits = of_any_district & districts if districts is not None else of_any_district
    elsewhere = anywhere & districts if districts is not None else anywhere
    of_any_kind = elsewhere & patients if asked.patients else elsewhere
    of_any = elsewhere & kinds if kinds is not None else elsewhere
    return Found(
        records=_page(hits, hits & named, start, size),
        total=len(hits),
        start=start,
        districts=_counts(kept.districts, of_any_district),
        kinds=_counts(kept.kinds, of_any_kind),
        patients=of_any.intersection_cardinality(patients),
    )


def _hits(db: Session, kept: Shelf, words: str) -> Hits:
    if numbered := _numbered(db, words):
        return numbered, numbered
    everything = kept.filters.get(ALL, BitMap())
    if not words.strip():
        return everything, everything
    asked = clauses(words)
    _fetch(db, kept, [clause for clause in asked if clause not in kept.clauses])
    found = [kept.clauses[clause] for clause in asked]
    return _all(named for named, _ in found), _all(anywhere for _, anywhere in found)


def _all(bitmaps: Iterable[BitMap]) -> BitMap:
    first, *others = sorted(bitmaps, key=len) or [BitMap()]
    return first.intersection(*others) if others else first


def _any(kept: Shelf, terms: Iterable[str]) -> BitMap | None:
    """Records with any of `terms`; None if no term narrows the search."""
    bitmaps = [kept.filters.get(term, BitMap()) for term in terms]
    return BitMap.union(*bitmaps) if bitmaps else None


def _page(hits: BitMap, named: BitMap, start: int, size: int) -> list[int]:
    first = list(named[start : start + size])
    if len(first) == size:
        return first
    rest = max(0, start - len(named))
    return first + list((hits - named)[rest : rest + size - len(first)])


def _counts(choices: dict[str, BitMap], hits: BitMap) -> dict[str, int]:
    return {code: hits.intersection_cardinality(bitmap) for code, bitmap in choices.items()}


def _fetch(db: Session, kept: Shelf, missing: Sequence[Clause]) -> None:
    """Read what `missing` needs: one statement for all exact terms, one or two for each prefix."""
    exact = _exactly(db, sorted({term for clause in missing for term in _exact_terms(clause)}))
    for clause in missing:
        kept.clauses[clause] = _evaluated(db, clause, exact)


def _exact_terms(clause: Clause) -> list[str]:
    if clause.match is Match.PREFIX:
        return []
    triple = [f"p:{t}" for t in triples(clause.token)] if clause.match is Match.PHONE else []
    return [f"n:{clause.token}", f"a:{clause.token}", *triple]


def _evaluated(db: Session, clause: Clause, exact: dict[str, BitMap]) -> Hits:
    token, none = clause.token, BitMap()
    named, elsewhere = exact.get(f"n:{token}", none), exact.get(f"a:{token}", none)
    if clause.match is Match.PREFIX:
        named, elsewhere = _split(_between(db, f"n:{token}", f"a:{token}"))
        if not named and not elsewhere and len(token) >= INSIDE_FROM:
            named, elsewhere = _split(_inside(db, token))
    elif clause.match is Match.CHARACTER:
        _, elsewhere = _split(_between(db, f"a:{token}"))
    elif clause.match is Match.PHONE:
        elsewhere |= _all(exact.get(f"p:{t}", none) for t in triples(token))
    return named, named | elsewhere


def _split(found: dict[str, BitMap]) -> Hits:
    none = BitMap()
    named = [bitmap for term, bitmap in found.items() if term.startswith("n:")]
    elsewhere = [bitmap for term, bitmap in found.items() if term.startswith("a:")]
    return none.union(*named) if named else none, none.union(*elsewhere) if elsewhere else none


def _exactly(db: Session, terms: list[str]) -> dict[str, BitMap]:
    return _read(db, col(Posting.term).in_(terms)) if terms else {}


def _between(db: Session, *beginnings: str) -> dict[str, BitMap]:
    term = col(Posting.term)
    return _read(db, or_(*((term >= start) & (term < start + LAST) for start in beginnings)))


def _inside(db: Session, token: str) -> dict[str, BitMap]:
    """Terms with `token` anywhere: reads every term once, so only where no word begins so."""
    term = col(Posting.term)
    found = _read(db, term.contains(token, autoescape=True))
    return {key: bitmap for key, bitmap in found.items() if not key.startswith("=")}


def _read(db: Session, condition: object) -> dict[str, BitMap]:
    wanted = select(col(Posting.term), col(Posting.bitmap)).where(condition)  # type: ignore[arg-type]
    return {term: BitMap.deserialize(bitmap) for term, bitmap in db.execute(wanted)}


def _dated(db: Session, now: datetime) -> list[tuple[int, datetime, datetime | None]]:
    wanted = select(col(Listing.record), col(Listing.effective_at), col(Listing.ended_at)).where(
        or_(col(Listing.effective_at) > now, col(Listing.ended_at).is_not(None))
    )
    return [(record, since, until) for record, since, until in db.execute(wanted)]


def _numbered(db: Session, words: str) -> BitMap | None:
    """The record with this number; an institution listed as its one place is that place."""
    place, owner = as_number(words, LOCATION), as_number(words, INSTITUTION)
    if not place and not owner:
        return None
    wanted = (
        select(col(Listing.record))
        .join(ServiceLocation, col(Listing.location_id) == col(ServiceLocation.id), isouter=True)
        .join(
            Institution,
            or_(
                col(Listing.institution_id) == col(Institution.id),
                col(ServiceLocation.institution_id) == col(Institution.id),
            ),
        )
        .where(or_(col(ServiceLocation.number) == place, col(Institution.number) == owner))
        .order_by(col(Listing.institution_id).is_(None), col(Listing.record))
        .limit(1)
    )
    found = db.scalar(wanted)
    return BitMap([found]) if found is not None else None
