"""References and numbers that people read to each other over the telephone."""

import secrets
import unicodedata

from stdnum import luhn

LETTERS = "ABCDEFGHJKLMNPRSTUVWXY"
DIGITS = "23456789"
ALPHABET = LETTERS + DIGITS
"""No I, O, Q, Z, 0 and 1: they are misread and misheard."""


def normalise(text: str) -> str:
    """As we keep it: full width, lower case, spaces and dashes are all forgiven."""
    wide = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in wide if c.isalnum())


def with_check(body: str) -> str:
    """`body` and its check character, which finds one wrong or two swapped characters (Luhn)."""
    return body + str(luhn.calc_check_digit(body, alphabet=ALPHABET))


def is_sound(code: str) -> bool:
    """Whether a normalised `code` consists of our alphabet and its check character fits."""
    return bool(code) and set(code) <= set(ALPHABET) and luhn.checksum(code, ALPHABET) == 0


def new_code(length: int = 9) -> str:
    """A fresh random code of `length` with its check character last.

    Each third character is a digit, so that no words arise. Nine characters leave 4.7e10
    codes: the database's unique constraint decides, callers draw again on a clash.
    """
    body = "".join(
        secrets.choice(DIGITS if place % 3 == 2 else ALPHABET) for place in range(length - 1)
    )
    return with_check(body)


def grouped(code: str) -> str:
    """As people read it: `KF4-MR7-2TX`."""
    return "-".join(code[start : start + 3] for start in range(0, len(code), 3))
