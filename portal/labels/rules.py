"""What makes a label good, why it is printed anew, and what a check answers."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.kernel.text import N_
from portal.registry.rules import Dated, Standing, standing

LARGEST_BATCH = 1000
"""Labels in one order: some minutes of one worker, and a file that still opens."""


class Verdict(StrEnum):
    """What anyone who checks a serial is told."""

    VALID = "valid"
    REPLACED = "replaced"
    NOT_YET = "not_yet"
    ENDED = "ended"
    UNKNOWN = "unknown"
    MISTYPED = "mistyped"


class Voidable(Protocol):
    """A label, as far as its end goes."""

    voided_at: datetime | None


def verdict(label: Voidable, location: Dated, institution: Dated, now: datetime) -> Verdict:
    """What `label` is worth at `now`: no more than its own standing and its place's."""
    if label.voided_at is not None and label.voided_at <= now:
        return Verdict.REPLACED
    standings = {standing(location, now), standing(institution, now)}
    if Standing.ENDED in standings:
        return Verdict.ENDED
    return Verdict.VALID if standings == {Standing.EFFECTIVE} else Verdict.NOT_YET


ANOTHER_DOOR = "another_door"

REPRINT_REASONS = {
    "lost": N_("The label is lost"),
    "damaged": N_("The label is damaged or faded"),
    "changed": N_("The name or address has changed"),
    "misprinted": N_("The label was misprinted"),
    "misused": N_("The label was taken or copied by somebody else"),
}
"""Why the old serial is voided. A copy for another door is no reprint: it keeps the serial."""
