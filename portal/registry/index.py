"""Writing the search index, in the transaction of the change it follows."""

import uuid
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyroaring import BitMap
from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from portal.kernel.folding import fold
from portal.registry.entries import Entry, Subject, entries_of
from portal.registry.models import Institution, Listing, Posting, RegisterIndex, ServiceLocation

PORTION = 400
"""Rows of one statement: well below either database's limit of parameters."""

FEW = 2
"""With more listed places than these, no change to one place changes how others are listed."""


def index_location(db: Session, location: ServiceLocation, *, now: datetime) -> None:
    """Bring the listing of one place, and of its institution, in line with what they say now."""
    institution = db.get_one(Institution, location.institution_id)
    entries = entries_of(institution, _locations(db, institution), now)
    subjects: set[Subject] = {("institution", _id(institution)), ("location", _id(location))}
    if len(entries) <= FEW + 1:
        index_institution(db, institution, now=now)
    else:
        _replace(db, subjects, [entry for entry in entries if entry.subject in subjects])


def index_institution(db: Session, institution: Institution, *, now: datetime) -> None:
    """The same for an institution and all its places."""
    locations = _locations(db, institution)
    subjects: set[Subject] = {("location", _id(place)) for place in locations}
    subjects.add(("institution", _id(institution)))
    _replace(db, subjects, entries_of(institution, locations, now))


def rebuild(db: Session, *, now: datetime) -> int:
    """Build the whole index anew, in directory order; how many records it holds.

    Changes append new records at the end: this puts them where they belong by name.
    """
    lock(db)
    db.execute(delete(Listing))
    db.execute(delete(Posting))
    postings: defaultdict[str, array[int]] = defaultdict(lambda: array("I"))
    record = 0
    for portion in _portions(_in_directory_order(db, now)):
        rows = []
        for entry in portion:
            record += 1
            rows.append(_row(record, entry))
            for term in entry.terms:
                postings[term].append(record)
        db.execute(insert(Listing), rows)
    for terms in _portions(sorted(postings)):
        _keep(db, {term: BitMap(postings[term]) for term in terms})
    db.execute(update(RegisterIndex).values(epoch=uuid.uuid4().hex, next_record=record + 1))
    return record


def lock(db: Session) -> int:
    """Let one writer at a time into the index and raise its version; the next free record.

    The row stays locked until the transaction ends, so what is read of the index after
    this is the newest, and two changes that add the same term cannot lose one.
    """
    dialect: Any = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(RegisterIndex).values(id=1, epoch=uuid.uuid4().hex, version=1)
    raised = first.on_conflict_do_update(
        index_elements=["id"], set_={"version": col(RegisterIndex.version) + 1}
    )
    db.flush()
    return int(db.execute(raised.returning(col(RegisterIndex.next_record))).scalar_one())


@dataclass
class _Change:
    """What one writing does to the postings: records to add to and take from each term."""

    added: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    taken: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def note(self, record: int, before: frozenset[str], after: frozenset[str]) -> None:
        for term in after - before:
            self.added[term].append(record)
        for term in before - after:
            self.taken[term].append(record)


def _replace(db: Session, subjects: set[Subject], entries: Iterable[Entry]) -> None:
    """Make the listings of `subjects` exactly `entries`, touching only terms that differ."""
    record = lock(db)
    kept, change = _kept(db, subjects), _Change()
    new, same = [], []
    for entry in entries:
        if before := kept.pop(entry.subject, None):
            change.note(before.record, _terms(before), entry.terms)
            same.append(_row(before.record, entry))
        else:
            change.note(record, frozenset(), entry.terms)
            new.append(_row(record, entry))
            record += 1
    for gone in kept.values():
        change.note(gone.record, _terms(gone), frozenset())
    _write_listings(db, new, same, [gone.record for gone in kept.values()])
    _write_postings(db, change)
    db.execute(update(RegisterIndex).values(next_record=record))


def _write_listings(
    db: Session, new: list[dict[str, Any]], same: list[dict[str, Any]], gone: list[int]
) -> None:
    if gone:
        db.execute(delete(Listing).where(col(Listing.record).in_(gone)))
    if same:
        db.execute(update(Listing), same)
    if new:
        db.execute(insert(Listing), new)


def _write_postings(db: Session, change: _Change) -> None:
    for terms in _portions(sorted(change.added.keys() | change.taken.keys())):
        found = db.execute(
            select(col(Posting.term), col(Posting.bitmap)).where(col(Posting.term).in_(terms))
        )
        before = {term: BitMap.deserialize(bitmap) for term, bitmap in found}
        after = {term: before.get(term, BitMap()) for term in terms}
        for term, bitmap in after.items():
            bitmap |= BitMap(change.added.get(term, ()))
            bitmap -= BitMap(change.taken.get(term, ()))
        _keep(db, after)


def _keep(db: Session, bitmaps: Mapping[str, BitMap]) -> None:
    dialect: Any = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    if empty := [term for term, bitmap in bitmaps.items() if not bitmap]:
        db.execute(delete(Posting).where(col(Posting.term).in_(empty)))
    rows = [
        {"term": term, "df": len(bitmap), "bitmap": _packed(bitmap)}
        for term, bitmap in bitmaps.items()
        if bitmap
    ]
    if rows:
        write = dialect.insert(Posting)
        fresh = {"df": write.excluded.df, "bitmap": write.excluded.bitmap}
        db.connection().execute(
            write.on_conflict_do_update(index_elements=["term"], set_=fresh), rows
        )


def _packed(bitmap: BitMap) -> bytes:
    bitmap.run_optimize()
    return bytes(bitmap.serialize())


def _kept(db: Session, subjects: set[Subject]) -> dict[Subject, Listing]:
    places = [key for what, key in subjects if what == "location"]
    owners = [key for what, key in subjects if what == "institution"]
    found = [
        listing
        for column, keys in ((Listing.location_id, places), (Listing.institution_id, owners))
        for portion in _portions(keys)
        for listing in db.scalars(select(Listing).where(col(column).in_(portion)))
    ]
    # The rows are changed by statements below: the session must not keep stale copies.
    for listing in found:
        db.expunge(listing)
    return {_subject(listing): listing for listing in found}


def _subject(listing: Listing) -> Subject:
    if listing.location_id is not None:
        return ("location", listing.location_id)
    assert listing.institution_id is not None
    return ("institution", listing.institution_id)


def _terms(listing: Listing) -> frozenset[str]:
    return frozenset(listing.terms.split())


def _row(record: int, entry: Entry) -> dict[str, Any]:
    what, key = entry.subject
    return {
        "record": record,
        "institution_id": key if what == "institution" else None,
        "location_id": key if what == "location" else None,
        "effective_at": entry.since,
        "ended_at": entry.until,
        "terms": " ".join(sorted(entry.terms)),
    }


def _in_directory_order(db: Session, now: datetime) -> Iterator[Entry]:
    """All entries by their institution's folded English name, else Chinese name; itself first."""
    named = db.execute(
        select(col(Institution.id), col(Institution.name_en), col(Institution.name_tc)).where(
            col(Institution.effective_at).is_not(None)
        )
    )
    order = sorted((fold(en or tc), key) for key, en, tc in named)
    for portion in _portions([key for _, key in order]):
        institutions = {
            _id(i): i
            for i in db.scalars(select(Institution).where(col(Institution.id).in_(portion)))
        }
        places: defaultdict[int, list[ServiceLocation]] = defaultdict(list)
        wanted = select(ServiceLocation).where(col(ServiceLocation.institution_id).in_(portion))
        for place in db.scalars(wanted.order_by(col(ServiceLocation.id))):
            places[place.institution_id].append(place)
        for key in portion:
            yield from entries_of(institutions[key], places[key], now)


def _locations(db: Session, institution: Institution) -> Sequence[ServiceLocation]:
    return db.scalars(
        select(ServiceLocation)
        .where(col(ServiceLocation.institution_id) == institution.id)
        .order_by(col(ServiceLocation.id))
    ).all()


def _id(row: Institution | ServiceLocation) -> int:
    assert row.id is not None, "only rows the database knows are indexed"
    return row.id


def _portions(things: Iterable[Any]) -> Iterator[list[Any]]:
    portion: list[Any] = []
    for thing in things:
        portion.append(thing)
        if len(portion) == PORTION:
            yield portion
            portion = []
    if portion:
        yield portion
