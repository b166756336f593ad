"""What of an institution and its locations the search index is to hold: pure, from their dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.registry.models import Institution, ServiceLocation
from portal.registry.rules import is_suspended
from portal.registry.tokens import (
    ALL,
    PATIENTS,
    address_terms,
    in_district,
    name_terms,
    of_kind,
    phone_terms,
)

Subject = tuple[str, int]
"""("institution", id) or ("location", id)."""


@dataclass(frozen=True)
class Entry:
    """One record as it should be listed: shown from `since` on, until `until` if that is known."""

    subject: Subject
    since: datetime
    until: datetime | None
    terms: frozenset[str]


def entries_of(
    institution: Institution, locations: Sequence[ServiceLocation], now: datetime
) -> list[Entry]:
    """The records of one institution, itself first.

    An institution with a single place is found as that place, under both their names: two
    rows that say the same would only confuse. Entries that have ended are left out; those
    that will begin are in, and the search leaves them out until then.
    """
    spans = [(place, _span(institution, place, now)) for place in locations]
    listed = [(place, span) for place, span in spans if span]
    alone = len(listed) == 1
    own = None if alone else _span(institution, institution, now)
    found = [_institution_entry(institution, [p for p, _ in listed], own)] if own else []
    return found + [_location_entry(institution, place, span, alone) for place, span in listed]


def _institution_entry(
    institution: Institution, places: list[ServiceLocation], span: "Span"
) -> Entry:
    assert institution.id is not None
    terms = {ALL, of_kind(institution.kind), *_names(institution)}
    terms |= phone_terms(institution.phone) | {in_district(place.district) for place in places}
    if any(place.registers_patients for place in places):
        terms.add(PATIENTS)
    return Entry(("institution", institution.id), *span, frozenset(terms))


def _location_entry(
    institution: Institution, place: ServiceLocation, span: "Span", alone: bool
) -> Entry:
    assert place.id is not None
    terms = {ALL, of_kind(institution.kind), in_district(place.district), *_names(place)}
    terms |= address_terms(place.address_en, place.address_tc, place.address_sc)
    terms |= phone_terms(place.phone or institution.phone)
    if alone:
        terms |= _names(institution)
    else:
        terms |= address_terms(institution.name_en, institution.name_tc, institution.name_sc)
    if place.registers_patients:
        terms.add(PATIENTS)
    return Entry(("location", place.id), *span, frozenset(terms))


Span = tuple[datetime, datetime | None]


def _span(
    institution: Institution, entry: Institution | ServiceLocation, now: datetime
) -> Span | None:
    """When `entry` and its institution are both effective; None if never again or not decided."""
    if institution.effective_at is None or entry.effective_at is None:
        return None
    ends = [end for end in (institution.ended_at, entry.ended_at) if end is not None]
    until = min(ends, default=None)
    if until is not None and until <= now:
        return None
    begins = [institution.effective_at, entry.effective_at]
    if is_suspended(institution, now):
        # Off the register until the suspension runs out by itself, or for as long as it lasts.
        if institution.suspended_until is None:
            return None
        begins.append(institution.suspended_until)
    return max(begins), until


def _names(entry: Institution | ServiceLocation) -> set[str]:
    return name_terms(entry.name_en, entry.name_tc, entry.name_sc)
