"""How long things may take and whose turn it is."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal.kernel.hktime import end_of_hk_day, hk_date, start_of_hk_day
from portal.kernel.text import N_

REMINDERS = (14, 7, 2)
"""Days before a limit on which a reminder goes out."""


class State(StrEnum):
    """Where a case stands on record. What people see is `Stage`."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REGISTERED = "registered"
    UNSUCCESSFUL = "unsuccessful"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


OPEN = (State.SUBMITTED, State.ACCEPTED)
"""States in which a limit runs."""


class Stage(StrEnum):
    """What people are told; the words follow the scheme's own."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEW = "review"
    DOCUMENTS = "documents"
    SET_UP = "set_up"
    SETTLING = "settling"
    REGISTERED = "registered"
    UNSUCCESSFUL = "unsuccessful"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


class Turn(StrEnum):
    """Who has to do something next."""

    APPLICANT = "applicant"
    OFFICE = "office"
    CALENDAR = "calendar"
    NOBODY = "nobody"


STAGES: dict[Stage, tuple[str, str, Turn]] = {
    Stage.DRAFT: (N_("Draft"), "grey", Turn.APPLICANT),
    Stage.SUBMITTED: (N_("Submitted"), "blue", Turn.OFFICE),
    Stage.REVIEW: (N_("Under processing"), "blue", Turn.OFFICE),
    Stage.DOCUMENTS: (N_("Supplementary information required"), "orange", Turn.APPLICANT),
    Stage.SET_UP: (N_("Accepted – technical set-up"), "aqua-green", Turn.APPLICANT),
    Stage.SETTLING: (N_("Accepted – effective soon"), "aqua-green", Turn.CALENDAR),
    Stage.REGISTERED: (N_("Registered"), "green", Turn.NOBODY),
    Stage.UNSUCCESSFUL: (N_("Unsuccessful"), "red", Turn.NOBODY),
    Stage.LAPSED: (N_("Lapsed"), "red", Turn.NOBODY),
    Stage.WITHDRAWN: (N_("Withdrawn"), "grey", Turn.NOBODY),
}
"""Words, colour of the tag, whose turn."""

TURNS = {
    Turn.APPLICANT: N_("It is your turn"),
    Turn.OFFICE: N_("The Registration Office is working on it"),
    Turn.CALENDAR: N_("Nothing to do: the date decides"),
    Turn.NOBODY: N_("Nothing more to do"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Days of the scheme, from the settings.

    Source: Important Notes for Registration in eHealth (60 days for documents from submission,
    60 days for set-up from acceptance, effective and support 14 days from the acceptance
    e-mail). Calendar days in Hong Kong is our reading.
    """

    settling: int = 14
    documents: int = 60
    setup: int = 60
    support: int = 14


def documents_due(submitted_at: datetime, limits: Limits) -> datetime:
    """When an application whose documents are not complete lapses: the end of that day."""
    return end_of_hk_day(_after(submitted_at, limits.documents))


def setup_due(
    accepted_at: datetime, limits: Limits, handed_over_at: datetime | None = None
) -> datetime:
    """When an accepted application without an installed certificate lapses.

    Counted from acceptance; but if the letter of acceptance left late, not before the days of
    technical support are over, which count from the letter. Nobody loses what they were told of
    a day before, and nobody lapses while help is still to be had. Our reading: the scheme says
    nothing of letters that come late.
    """
    due = end_of_hk_day(_after(accepted_at, limits.setup))
    return max(due, support_until(handed_over_at, limits)) if handed_over_at else due


def support_until(handed_over_at: datetime, limits: Limits) -> datetime:
    """Until when technical support can be asked for: the end of that day."""
    return end_of_hk_day(_after(handed_over_at, limits.support))


def settled_at(handed_over_at: datetime, limits: Limits) -> datetime:
    """When the days after the acceptance e-mail's hand-over have passed.

    The start of the day in Hong Kong that lies that many calendar days after the hand-over.
    """
    return start_of_hk_day(_after(handed_over_at, limits.settling))


def effective_at(
    handed_over_at: datetime | None, installed_at: datetime | None, limits: Limits
) -> datetime | None:
    """From when the registration counts: days over *and* certificate installed; None while open."""
    if handed_over_at is None or installed_at is None:
        return None
    return max(settled_at(handed_over_at, limits), installed_at)


def reminder_times(due: datetime, now: datetime) -> list[tuple[int, datetime]]:
    """(days before, instant) of the reminders for a limit that are still to come."""
    times = ((days, due - timedelta(days=days)) for days in REMINDERS)
    return [(days, at) for days, at in times if at > now]


def _after(instant: datetime, days: int) -> date:
    return hk_date(instant) + timedelta(days=days)
