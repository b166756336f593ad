"""Serials, sheets and what a label is worth."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.identifiers import ALPHABET
from portal.labels.printing_run import CHUNK, chunks
from portal.labels.rules import Verdict, verdict
from portal.labels.serials import LENGTH, in_groups, new_serial, read_serial
from portal.labels.sheets import SHEETS, slots

NOW = datetime(2026, 11, 24, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


@dataclass
class Entry:
    effective_at: datetime | None = BEFORE
    ended_at: datetime | None = None


@dataclass
class Stamp:
    voided_at: datetime | None = None


@pytest.mark.parametrize(
    ("label", "location", "institution", "expected"),
    [
        (Stamp(), Entry(), Entry(), Verdict.VALID),
        (Stamp(BEFORE), Entry(), Entry(), Verdict.REPLACED),
        (Stamp(BEFORE), Entry(ended_at=BEFORE), Entry(), Verdict.REPLACED),
        (Stamp(), Entry(ended_at=BEFORE), Entry(), Verdict.ENDED),
        (Stamp(), Entry(), Entry(ended_at=NOW), Verdict.ENDED),
        (Stamp(), Entry(ended_at=AFTER), Entry(), Verdict.VALID),
        (Stamp(), Entry(None), Entry(), Verdict.NOT_YET),
        (Stamp(), Entry(AFTER), Entry(), Verdict.NOT_YET),
        (Stamp(), Entry(), Entry(AFTER), Verdict.NOT_YET),
    ],
)
def test_a_label_is_worth_what_it_and_its_place_are(label, location, institution, expected):
    assert verdict(label, location, institution, NOW) is expected


def test_a_serial_has_more_than_128_random_bits():
    assert len(ALPHABET) ** (LENGTH - 1) > 2**128
    assert len({new_serial() for _ in range(1000)}) == 1000


def test_every_serial_reads_as_itself_however_it_is_typed():
    serial = new_serial()
    for typed in (serial, serial.lower(), in_groups(serial), f" {serial} ", "-".join(serial)):
        assert read_serial(typed) == serial


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(place, other):
    serial = new_serial()
    wrong = serial[:place] + other + serial[place + 1 :]
    assert (read_serial(wrong) is None) is (wrong != serial)


@given(st.text(max_size=60))
def test_any_text_can_be_typed(text):
    assert read_serial(text) is None or len(read_serial(text) or "") == LENGTH


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=lambda sheet: sheet.key)
def test_labels_lie_on_the_paper_and_not_on_each_other(sheet):
    corners = [sheet.place(number) for number in range(sheet.places)]
    for left, top in corners:
        assert 0 <= left <= sheet.page[0] - sheet.label[0] + 0.01
        assert 0 <= top <= sheet.page[1] - sheet.label[1] + 0.01
    for one in corners:
        for other in corners:
            beside = abs(one[0] - other[0]) >= sheet.label[0] - 0.01
            below = abs(one[1] - other[1]) >= sheet.label[1] - 0.01
            assert one == other or beside or below


@given(st.sampled_from(list(SHEETS.values())), st.integers(1, 130), st.data())
def test_portions_fill_the_same_places_as_one_document(sheet, count, drawn):
    start = drawn.draw(st.integers(1, sheet.places))
    faces = list(range(count))
    whole = list(slots(sheet, count, start))
    parts, page = [], 0
    for portion, first in chunks(faces, sheet, start):
        assert len(portion) <= CHUNK + sheet.places
        places = list(slots(sheet, len(portion), first))
        parts += [(page + number, place) for number, place in places]
        page += places[-1][0] + 1
    assert parts == whole
    assert sheet.pages(count, start) == whole[-1][0] + 1
