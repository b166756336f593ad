"""What holds of institutions and places: when they are listed, how their numbers are written."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.kernel.identifiers import grouped, is_sound, normalise

INSTITUTION = "HCI"
LOCATION = "HSL"
CODE_LENGTH = 9


class Standing(StrEnum):
    """Where an entry is in its life, told by its dates alone."""

    ACCEPTED = "accepted"
    EFFECTIVE = "effective"
    ENDED = "ended"


class Dated(Protocol):
    """An institution or a service location, as far as its dates go."""

    effective_at: datetime | None
    ended_at: datetime | None


def standing(entry: Dated, now: datetime) -> Standing:
    """Effective from `effective_at` on, no longer from `ended_at` on."""
    if entry.ended_at is not None and entry.ended_at <= now:
        return Standing.ENDED
    if entry.effective_at is not None and entry.effective_at <= now:
        return Standing.EFFECTIVE
    return Standing.ACCEPTED


def is_effective(*entries: Dated, now: datetime) -> bool:
    """Whether every one of `entries` is effective: a location counts only with its institution."""
    return all(standing(entry, now) is Standing.EFFECTIVE for entry in entries)


def numbered(prefix: str, code: str) -> str:
    """A number as it is kept, shown and put in addresses: `HSL-KF4-MR7-2TX`."""
    return f"{prefix}-{grouped(code)}"


def as_number(text: str, prefix: str) -> str:
    """The number somebody typed, as it is kept; "" if it cannot be one of ours.

    Lower case, full width, spaces and missing dashes are forgiven. Letters outside our
    alphabet, among them the I of the prefix, never occur in the code itself.
    """
    code = normalise(text[:80]).removeprefix(prefix)
    return numbered(prefix, code) if len(code) == CODE_LENGTH and is_sound(code) else ""
