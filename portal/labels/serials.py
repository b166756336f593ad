"""Serial numbers of labels: not to be guessed, to be read out over the telephone."""

import secrets

from portal.kernel.identifiers import ALPHABET, is_sound, normalise, with_check

BODY = 27
"""Characters drawn at random: 27 of 30 letters and digits are 132 bits."""

LENGTH = BODY + 1

MISREAD = str.maketrans({"0": "D", "O": "D", "Q": "D", "1": "L", "I": "L", "Z": "2"})
"""What people write for characters that look alike; the left ones are in no serial."""


def new_serial() -> str:
    """A fresh serial, its check character last. Nobody guesses one, no two are the same."""
    return with_check("".join(secrets.choice(ALPHABET) for _ in range(BODY)))


def read_serial(typed: str) -> str | None:
    """The serial somebody typed or scanned, or None if it cannot be one of ours.

    Spaces, dashes, lower case and look-alikes are forgiven: the check character tells
    whether what was meant has been met.
    """
    if len(typed) > 200:
        return None
    serial = normalise(typed).translate(MISREAD)
    return serial if len(serial) == LENGTH and is_sound(serial) else None


def in_groups(serial: str) -> str:
    """As printed: seven groups of four."""
    return " ".join(serial[start : start + 4] for start in range(0, len(serial), 4))
