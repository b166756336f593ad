"""What holds of institutions and places: when they are listed, how their numbers are written."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from portal.kernel.identifiers import grouped, is_sound, normalise
from portal.kernel.text import N_

INSTITUTION = "HCI"
LOCATION = "HSL"
CODE_LENGTH = 9


class Standing(StrEnum):
    """Where an entry is in its life, told by its dates alone."""

    ACCEPTED = "accepted"
    EFFECTIVE = "effective"
    SUSPENDED = "suspended"
    ENDED = "ended"


FIRST_PERIOD = FURTHER_PERIOD = timedelta(days=28)
"""The longest first suspension, and the longest each extension of it.

Source: Cap. 625 s.22, as amended in committee in 2015 (reference, §6).
"""

REASONS = {
    "own_request": N_("The institution asked for it"),
    "requirements": N_("It no longer meets the requirements of registration"),
    "breach": N_("It did not comply with the ordinance, the code of practice or a condition"),
    "security": N_("The security of eHealth is at risk"),
    "closed": N_("The place has closed or moved"),
    "settled": N_("The cause has been removed"),
}
"""Why the office suspends, restores, cancels or removes: on record by its key."""


class Dated(Protocol):
    """An institution or a service location, as far as its dates go."""

    effective_at: datetime | None
    ended_at: datetime | None


def standing(entry: Dated, now: datetime) -> Standing:
    """Effective from `effective_at` on, unless suspended, no longer from `ended_at` on."""
    if entry.ended_at is not None and entry.ended_at <= now:
        return Standing.ENDED
    if is_suspended(entry, now):
        return Standing.SUSPENDED
    if entry.effective_at is not None and entry.effective_at <= now:
        return Standing.EFFECTIVE
    return Standing.ACCEPTED


def is_suspended(entry: Dated, now: datetime) -> bool:
    """Whether an institution is suspended now. Places have no suspension of their own."""
    since: datetime | None = getattr(entry, "suspended_at", None)
    until: datetime | None = getattr(entry, "suspended_until", None)
    return since is not None and since <= now and (until is None or now < until)


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
