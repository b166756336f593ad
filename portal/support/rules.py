"""What enquiries are about, and in which state they can be."""

from enum import StrEnum

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
