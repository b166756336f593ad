"""What is asked of people about their accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.accounts.rules import LONGEST, SHORTEST, passphrase_trouble
from portal.forms.cleaning import compact
from portal.forms.fields import (
    ChoiceField,
    CodeField,
    EmailField,
    HiddenField,
    PasswordField,
    StepForm,
    TextField,
)
from portal.kernel.problems import Problem
from portal.kernel.text import N_, Said


@dataclass(frozen=True, slots=True)
class OwnName:
    """A language by its own name, whatever language the page is in."""

    name_en: str

    @property
    def name_tc(self) -> str:
        return self.name_en

    @property
    def name_sc(self) -> str:
        return self.name_en


LANGUAGES = (("en", OwnName("English")), ("tc", OwnName("繁體中文")), ("sc", OwnName("简体中文")))

NEW_HINT = Said(
    N_(
        "At least %(least)s characters. Several words that do not belong together are strong"
        " and easy to remember; spaces are fine."
    ),
    least=SHORTEST,
)
LETTERS = N_("Language of our letters to you")
NAME = N_("Your full name")


class NamedForm(StepForm):
    """A form that chooses a passphrase, judged together with what is known of its person.

    `given`: name and email, where the form does not ask for them.
    """

    def agree(self, cleaned: Mapping[str, Any]) -> Iterable[Problem]:
        known = {**self.given, **cleaned}
        own = [str(known[key]) for key in ("name", "email") if known.get(key)]
        for key in ("passphrase", "new_passphrase"):
            if key in cleaned and (trouble := passphrase_trouble(cleaned[key], own)):
                yield Problem(key, trouble)


def new_passphrase(label: str) -> PasswordField:
    return PasswordField(
        label,
        hint=NEW_HINT,
        max_length=LONGEST,
        autocomplete="new-password",
        missing=N_("Choose a passphrase"),
    )


def present_passphrase(hint: str = "") -> PasswordField:
    return PasswordField(
        N_("Passphrase"),
        hint=hint,
        max_length=LONGEST,
        autocomplete="current-password",
        missing=N_("Enter your passphrase"),
    )


class SignUpForm(NamedForm):
    name = TextField(
        NAME, max_length=100, autocomplete="name", personal=True, missing=N_("Enter your full name")
    )
    email = EmailField(
        N_("E-mail address"),
        hint=N_("We send a link to this address to confirm that it is yours."),
        personal=True,
        missing=N_("Enter your e-mail address"),
    )
    language = ChoiceField(LETTERS, choices=LANGUAGES, inline=True)
    passphrase = new_passphrase(N_("Passphrase"))


class ConfirmForm(StepForm):
    """Where a link is opened in another browser than the one that signed up."""

    passphrase = present_passphrase(
        N_(
            "Enter the passphrase you chose when you signed up; if you did not sign up, close"
            " this page: no account is made."
        )
    )


class AddressForm(StepForm):
    """An e-mail address to write to: a lost link, a forgotten passphrase."""

    email = EmailField(N_("E-mail address"), personal=True, missing=N_("Enter your e-mail address"))


class KnownAddressField(TextField):
    """An address that is looked up as it is: whether it is one at all makes no difference."""

    input_type = "email"
    spellcheck = False

    def clean(self, typed: str) -> str:
        return self.within(compact(typed))


class SignInForm(StepForm):
    email = KnownAddressField(
        N_("E-mail address"),
        max_length=254,
        autocomplete="username",
        personal=True,
        missing=N_("Enter your e-mail address"),
    )
    passphrase = present_passphrase()
    next = HiddenField(max_length=2000)


class OneTimeCodeField(CodeField):
    """Six digits, as apps and people write them: "123 456", "１２３４５６"."""

    inputmode = "numeric"

    def clean(self, typed: str) -> str:
        return super().clean(typed).replace("-", "")


class CodeForm(StepForm):
    code = OneTimeCodeField(
        N_("Code of 6 digits"),
        max_length=20,
        width="5",
        autocomplete="one-time-code",
        missing=N_("Enter the code that your app shows"),
    )
    next = HiddenField(max_length=2000)


class RecoveryForm(StepForm):
    recovery_code = CodeField(
        N_("Recovery code"),
        max_length=40,
        width="20",
        autocomplete="off",
        missing=N_("Enter one of your recovery codes"),
    )
    next = HiddenField(max_length=2000)


class EnrolForm(CodeForm):
    """`offer`: the sealed secret that the page showed."""

    offer = HiddenField(max_length=1000)


class ParticularsForm(StepForm):
    name = TextField(
        NAME, max_length=100, autocomplete="name", personal=True, missing=N_("Enter your full name")
    )
    language = ChoiceField(LETTERS, choices=LANGUAGES, inline=True)


class ChangePassphraseForm(NamedForm):
    present_passphrase = PasswordField(
        N_("Present passphrase"),
        max_length=LONGEST,
        autocomplete="current-password",
        missing=N_("Enter your present passphrase"),
    )
    new_passphrase = new_passphrase(N_("New passphrase"))


class NewPassphraseForm(NamedForm):
    """Reached by a link from a mail: who holds the link is the person."""

    passphrase = new_passphrase(N_("New passphrase"))


class StepUpForm(StepForm):
    """Before something that a passer-by at an open screen must not do."""

    present_passphrase = PasswordField(
        N_("Your passphrase"),
        max_length=LONGEST,
        autocomplete="current-password",
        missing=N_("Enter your passphrase"),
    )


class EnrolAgainForm(EnrolForm, StepUpForm):
    """By somebody signed in: a first telephone, or another in place of the one on record."""
