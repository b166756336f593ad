"""References that are read over the telephone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kernel.identifiers import (
    ALPHABET,
    DIGITS,
    grouped,
    is_sound,
    new_code,
    normalise,
    with_check,
)

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


def luhns_check(body, alphabet):
    """Luhn's check character for any alphabet, written down from its description.

    From the right, every other value doubled beginning with the last; of each the digits in
    base N are added; what is missing to a multiple of N is the check.
    """
    n, total = len(alphabet), 0
    for place, character in enumerate(reversed(body)):
        value = alphabet.index(character) * (1 if place % 2 else 2)
        total += value // n + value % n
    return alphabet[-total % n]


def test_the_check_is_luhns_as_its_description_has_it():
    # The example of the description: en.wikipedia.org, Luhn mod N algorithm.
    assert luhns_check("abcdef", "abcdef") == "e"
    assert all(code[-1] == luhns_check(code[:-1], ALPHABET) for code in CODES)


def test_a_check_worked_out_by_hand():
    # K F 4 M R 7 2 T are 9 5 24 11 14 27 22 16; doubled from the right, every other:
    # 9 10 24 22 14 (54: 1+24) 22 (32: 1+2) = 129, and 21 more, a Y, make 150, 5 times 30.
    assert with_check("KF4MR72T") == "KF4MR72TY"
