"""Names, addresses and queries taken apart into terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.registry.tokens import (
    LONGEST,
    Clause,
    Match,
    address_terms,
    clauses,
    name_terms,
    phone_terms,
)


def test_chinese_names_give_pairs_and_single_characters():
    assert name_terms("瑪麗醫院") == {
        "n:玛丽", "n:丽医", "n:医院", "n:玛", "n:丽", "n:医", "n:院",
    }  # fmt: skip


def test_a_prefix_finds_every_single_character_of_an_address():
    terms = address_terms("柴灣道8號")
    for character in "柴湾道号":
        assert any(term.startswith(f"a:{character}") for term in terms), character


def test_official_and_computed_simplified_names_give_the_same_terms():
    assert name_terms("東區尤德夫人那打素醫院", "东区尤德夫人那打素医院") == name_terms(
        "東區尤德夫人那打素醫院"
    )


@pytest.mark.parametrize("name", ["Queen's", "Queen’s", "QUEENS", "ｑｕｅｅｎｓ"])
def test_apostrophes_and_widths_do_not_matter(name):
    assert name_terms(name) == {"n:queens"}
    assert clauses(name) == [Clause(Match.PREFIX, "queens")]


@pytest.mark.parametrize(
    "typed", ["2905 1234", "+852 2905-1234", "２９０５１２３４", "(852) 29051234"]
)
def test_telephone_numbers_are_recognised(typed):
    assert clauses(typed) == [Clause(Match.PHONE, "29051234")]
    assert phone_terms("+852 2905 1234") == {"p:290", "p:905", "p:051", "p:512", "p:123", "p:234"}


def test_a_query_mixes_scripts():
    assert clauses("仁濟醫院 Tsuen 7") == [
        Clause(Match.EXACT, "仁济"),
        Clause(Match.EXACT, "济医"),
        Clause(Match.EXACT, "医院"),
        Clause(Match.PREFIX, "tsuen"),
        Clause(Match.EXACT, "7"),
    ]


@pytest.mark.parametrize("empty", ["", "   ", "！？", "\x00", "\u202e", "\ue000"])
def test_without_letters_and_digits_nothing_is_asked(empty):
    assert clauses(empty) == []


@given(st.text(max_size=300))
def test_any_text_gives_short_terms_without_spaces(text):
    for term in name_terms(text) | address_terms(text):
        assert len(term) <= LONGEST + 2
        assert not set(term) & set(" \n\t\x00")
    assert all(len(clause.token) <= LONGEST for clause in clauses(text))


@given(st.text(min_size=1, max_size=30))
def test_a_name_holds_all_that_is_asked_by_the_name(text):
    """What one writes as a name finds it again, whatever it is made of."""
    terms = name_terms(text)
    for clause in clauses(text):
        if clause.match is not Match.PHONE:
            assert any(term.startswith(f"n:{clause.token}") for term in terms)
