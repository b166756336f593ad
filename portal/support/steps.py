"""What the enquiry form asks."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.forms.fields import (
    ChoiceField,
    CodeField,
    EmailField,
    HiddenField,
    LongTextField,
    PhoneField,
    StepForm,
    TextField,
)
from portal.kernel.problems import Problem
from portal.kernel.text import N_
from portal.support.rules import LONGEST_DIAGNOSIS, SUBJECTS


class EnquiryForm(StepForm):
    """`website` is shown to nobody: programs that fill in every box give themselves away.

    `once` is the form's own mark, so that sending it twice makes one enquiry.
    """

    subject = ChoiceField(N_("What is your question about?"), choices=SUBJECTS.items(), select=True)
    message = LongTextField(
        N_("Your question"),
        hint=N_("Please do not write identity card numbers or anything about patients."),
        rows=8,
    )
    name = TextField(N_("Your name"), max_length=120, personal=True, autocomplete="name")
    email = EmailField(
        N_("Your e-mail address"), hint=N_("We send our answer there."), personal=True
    )
    phone = PhoneField(N_("Telephone number in Hong Kong"), optional=True, personal=True)
    institution = TextField(
        N_("Institution you write for"), optional=True, autocomplete="organization"
    )
    about = CodeField(
        N_("Reference number of an application"), max_length=40, optional=True, width="20"
    )
    diagnosis = LongTextField(
        N_("What the check of the secure connection found"),
        hint=N_("It goes with your question. Take out what you do not want to send."),
        max_length=LONGEST_DIAGNOSIS,
        rows=4,
        optional=True,
    )
    website = TextField(N_("Leave this box empty"), optional=True, autocomplete="off")
    once = HiddenField()

    def agree(self, cleaned: Mapping[str, Any]) -> Iterable[Problem]:
        """A person whose browser filled in the hidden box keeps all that was typed."""
        if cleaned["website"]:
            yield Problem("", N_("A box that must stay empty was filled in. Please send it again."))


class SetUpForm(StepForm):
    """Technical support for the set-up. Who asks and for which application is known."""

    message = LongTextField(
        N_("What do you need help with?"),
        hint=N_("Please do not write identity card numbers, passwords or installation codes."),
        rows=6,
    )
    phone = PhoneField(N_("Telephone number in Hong Kong"), optional=True, personal=True)
    diagnosis = LongTextField(
        N_("What the check of the secure connection found"),
        hint=N_("It goes with your question. Take out what you do not want to send."),
        max_length=LONGEST_DIAGNOSIS,
        rows=4,
        optional=True,
    )
    once = HiddenField()
