"""What enquiries are about, in which state they can be, when support for the set-up is open."""

from datetime import datetime
from enum import StrEnum

from portal.cases.rules import Limits, support_until
from portal.kernel.text import N_

DAYS_KEPT = 365
"""Days after which an enquiry is deleted; the privacy statement says so."""


class State(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"


class Subject(StrEnum):
    JOINING = "joining"
    APPLICATION = "application"
    DOCUMENTS = "documents"
    SET_UP = "set_up"
    REGISTER = "register"
    ACCOUNT = "account"
    PERSONAL = "personal"
    ACCESSIBILITY = "accessibility"
    OTHER = "other"


SUBJECTS: dict[str, str] = {
    Subject.JOINING: N_("Joining eHealth"),
    Subject.APPLICATION: N_("An application that was submitted"),
    Subject.DOCUMENTS: N_("Documents and uploading"),
    Subject.SET_UP: N_("Certificate and technical set-up"),
    Subject.REGISTER: N_("The register or a label"),
    Subject.ACCOUNT: N_("My account and signing in"),
    Subject.PERSONAL: N_("Personal data"),
    Subject.ACCESSIBILITY: N_("Accessibility"),
    Subject.OTHER: N_("Something else"),
}

LONGEST_DIAGNOSIS = 2000


def set_up_support_open(handed_over_at: datetime | None, limits: Limits, now: datetime) -> bool:
    """Whether support for the set-up can be asked for: until its days after the letter are over.

    Before the letter has left the days have not begun, and nobody is turned away.
    """
    return handed_over_at is None or now < support_until(handed_over_at, limits)
