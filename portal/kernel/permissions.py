"""The names of everything a page can ask of a person."""

from enum import StrEnum


class May(StrEnum):
    """Everything a route can ask for. Which role has which is one table in accounts.rules."""

    SIGNED_IN = "signed_in"
    APPLY = "apply"
    REVIEW_APPLICATIONS = "review_applications"
    PRINT_LABELS = "print_labels"
    ANSWER_ENQUIRIES = "answer_enquiries"
    CHANGE_REGISTER = "change_register"
    SEE_JOBS = "see_jobs"
