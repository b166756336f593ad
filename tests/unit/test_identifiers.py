"""References that are read over the telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from portal.kernel.identifiers import ALPHABET, DIGITS, grouped, is_sound, new_code, normalise

CODES = [new_code() for _ in range(200)]


def test_codes_are_sound_and_each_is_new():
    assert all(is_sound(code) for code in CODES)
    assert len(set(CODES)) == len(CODES)


def test_no_letters_that_are_misheard_and_no_words():
    assert not set("".join(CODES)) & set("IOQZ01")
    assert all(code[2] in DIGITS and code[5] in DIGITS for code in CODES)


@given(st.integers(0, 8), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(place, wrong):
    code = CODES[0]
    changed = code[:place] + wrong + code[place + 1 :]
    assert is_sound(changed) == (changed == code)


def test_two_swapped_characters_are_found():
    first, last = ALPHABET[0], ALPHABET[-1]
    for code in CODES:
        for place in range(8):
            swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            # Luhn takes the first and the last of an alphabet for each other.
            blind = {code[place], code[place + 1]} == {first, last}
            assert is_sound(swapped) == (swapped == code or blind)


@pytest.mark.parametrize("typed", ["kf4-mr7 2tx", "ＫＦ４ＭＲ７２ＴＸ", " KF4MR72TX "])
def test_careless_typing_is_forgiven(typed):
    assert normalise(typed) == "KF4MR72TX"


def test_grouped_as_people_read_it():
    assert grouped("KF4MR72TX") == "KF4-MR7-2TX"


def test_the_check_is_luhns_as_another_author_computes_it():
    assert all(luhn.is_valid(code, ALPHABET) for code in CODES)
