"""The scheme's tables, who is listed when, and numbers."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.identifiers import ALPHABET, new_code
from portal.registry.rules import (
    INSTITUTION,
    LOCATION,
    Standing,
    as_number,
    is_effective,
    numbered,
    standing,
)
from portal.registry.scheme import any_kind, scheme

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Dates:
    effective_at: datetime | None = None
    ended_at: datetime | None = None


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Dates(), Standing.ACCEPTED),
        (Dates(NOW + SECOND), Standing.ACCEPTED),
        (Dates(NOW), Standing.EFFECTIVE),
        (Dates(NOW - SECOND, NOW + SECOND), Standing.EFFECTIVE),
        (Dates(NOW - SECOND, NOW), Standing.ENDED),
        (Dates(None, NOW), Standing.ENDED),
    ],
)
def test_standing_follows_the_dates(entry, expected):
    assert standing(entry, NOW) is expected


def test_a_place_is_effective_only_with_its_institution():
    assert is_effective(Dates(NOW), Dates(NOW), now=NOW)
    assert not is_effective(Dates(), Dates(NOW), now=NOW)
    assert not is_effective(Dates(NOW, NOW), Dates(NOW), now=NOW)


def test_numbers_forgive_how_they_are_typed():
    code = new_code()
    number = numbered(LOCATION, code)
    assert as_number(number, LOCATION) == number
    assert as_number(f" {number.lower().replace('-', ' ')} ", LOCATION) == number
    assert as_number(code, LOCATION) == number


@given(st.integers(0, 8), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(place, wrong):
    code = "KF4MR7TXW"
    sound = as_number(code, INSTITUTION)
    changed = code[:place] + wrong + code[place + 1 :]
    assert sound
    if changed != code:
        assert as_number(changed, INSTITUTION) == ""


@pytest.mark.parametrize("text", ["", "HCI-", "瑪麗", "HCI-KF4-MR7", "HSL-000-000-000", "x" * 999])
def test_other_texts_are_no_numbers(text):
    assert as_number(text, INSTITUTION) == ""


def test_the_scheme_holds_what_the_sources_count():
    now = scheme(date(2026, 11, 22))
    assert (len(now.regions), len(now.districts), len(now.kinds)) == (3, 18, 16)
    assert len(now.professions) == 13
    assert [p.code for p in now.professions if not p.access_enabled] == [
        "dental_hygienist",
        "chiropractor",
    ]
    assert [k.code for k in now.kinds if k.conditions == "private_hospital"] == ["PH"]
    assert {d.region for d in now.districts} == {r.code for r in now.regions}


def test_every_row_of_the_scheme_has_a_name_in_three_languages_and_a_code_of_its_own():
    now = scheme(date(2026, 11, 22))
    for rows in (now.regions, now.districts, now.kinds, now.professions):
        assert len({row.code for row in rows}) == len(rows)
        assert all(row.name_en and row.name_tc and row.name_sc for row in rows)


def test_a_kind_holds_from_its_first_day_until_the_day_before_its_end(monkeypatch, tmp_path):
    from portal.registry import scheme as module

    text = (module.FOLDER / "kinds.toml").read_text(encoding="utf-8")
    for name in ("districts", "professions", "sharable"):
        (tmp_path / f"{name}.toml").write_text(
            (module.FOLDER / f"{name}.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
    dated = text.replace('code = "CL343"', 'code = "CL343"\nuntil = 2027-01-01')
    (tmp_path / "kinds.toml").write_text(dated, encoding="utf-8")
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    for cached in (module.scheme, module.any_kind, module._rows):
        cached.cache_clear()
    try:
        assert "CL343" in scheme(date(2026, 12, 31)).kind
        assert "CL343" not in scheme(date(2027, 1, 1)).kind
        assert any_kind("CL343").name_tc == "註冊診療所"
    finally:
        for cached in (module.scheme, module.any_kind, module._rows):
            cached.cache_clear()
