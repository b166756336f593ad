"""Text is made fit to keep or refused with a sentence; nothing ever raises anything else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.forms.cleaning import Wrong, compact, many_lines, one_line

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Wan  Chai\tClinic ", "Wan Chai Clinic"),
        ("香港\u3000養和", "香港 養和"),
        ("two\r\nlines", "two lines"),
        ("soft\u00adhyphen\u200b\ufeff", "softhyphen"),
        ("Cafe\u0301", "Café"),
        ("𠝹\U000e0101", "𠝹\U000e0101"),
        ("", ""),
    ],
)
def test_one_line_is_tidied_not_complained_about(typed, kept):
    assert one_line(typed) == kept


def test_many_lines_keep_their_paragraphs():
    assert many_lines("\r\nfirst  \r\rthird\u2028fourth\n\n\n\n\n\nlast\n\n") == (
        "first\n\nthird\nfourth\n\n\nlast"
    )


def test_full_width_letters_and_digits_become_plain():
    assert compact(" Ａ１２３ ４５６（７）") == "A123456(7)"


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("ab\x00c", "U+0000", "control"),
        ("a\x1bb", "U+001B", "control"),
        ("\u202egnp.exe", "U+202E", "direction"),
        ("a\u2066b", "U+2066", "direction"),
        ("\ue5e5", "U+E5E5", "private"),
        ("\U000f0000", "U+F0000", "private"),
        ("\ud83d", "U+D83D", "broken"),
        ("\ufffe", "U+FFFE", "broken"),
        ("\U0001ffff", "U+1FFFF", "broken"),
        ("\ufdd0", "U+FDD0", "broken"),
    ],
)
@pytest.mark.parametrize("clean", [one_line, many_lines, compact])
def test_unwanted_characters_are_named_and_not_kept(clean, typed, code, words):
    with pytest.raises(Wrong) as caught:
        clean(typed)
    assert not caught.value.keepable
    assert caught.value.message.values["code"] == code
    assert words in caught.value.message.msgid


def test_the_place_is_counted_as_a_person_counts():
    with pytest.raises(Wrong) as caught:
        one_line("香港\u202e")
    assert caught.value.message.values["place"] == 3


@given(ANY_TEXT)
def test_what_is_kept_stays_the_same_when_cleaned_again(text):
    for clean in (one_line, many_lines, compact):
        try:
            once = clean(text)
        except Wrong as wrong:
            assert str(wrong.message)
            continue
        assert clean(once) == once
        assert "\x00" not in once
        once.encode()
        if clean is not compact:
            assert unicodedata.is_normalized("NFC", once)
