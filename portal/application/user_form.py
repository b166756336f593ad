"""The second of the five steps: what is asked about each person who will use the system."""

from collections.abc import Iterable
from typing import Any

from portal.forms.fields import (
    ChoiceField,
    CodeField,
    DateField,
    EmailField,
    ManyChoicesField,
    PhoneField,
    StepForm,
    TextField,
    when,
)
from portal.kernel.text import N_, Said

ROLES = (
    (
        "user_administrator",
        N_("User administrator"),
        N_("Opens and closes the accounts of colleagues. At least one person must be."),
    ),
    (
        "healthcare_professional",
        N_("Healthcare professional"),
        N_("Looks at patients’ records. Must be registered in one of the specified professions."),
    ),
    (
        "registration_clerk",
        N_("Patient registration staff"),
        N_("Registers patients with eHealth at the counter."),
    ),
)


def professions(tables: Any) -> Iterable[tuple[Any, ...]]:
    return ((p.code, p) for p in tables.professions)


def number_hint(example: str) -> str | Said:
    """Where the number stands. No format has an official source, so examples are only shown."""
    if not example:
        return N_("As printed on the practising certificate.")
    told = N_("As printed on the practising certificate, for example %(number)s.")
    return Said(told, number=example)


class UserForm(StepForm):
    """One person who will use the system. No identity card number is asked: it is not needed."""

    surname = TextField(N_("Surname in English"), personal=True, width="20", autocomplete="off")
    given_names = TextField(
        N_("Given names in English"), personal=True, width="20", optional=True, autocomplete="off"
    )
    name_zh = TextField(
        N_("Name in Chinese"), personal=True, width="10", optional=True, speaks="zh-Hant-HK"
    )
    roles = ManyChoicesField(N_("What will this person do?"), choices=ROLES)
    profession = ChoiceField(
        N_("Profession"),
        choices=professions,
        select=True,
        asked=when("roles", "healthcare_professional"),
    )
    registration_number = CodeField(
        N_("Professional registration number"),
        hint=number_hint(""),
        max_length=30,
        width="10",
        asked=when("roles", "healthcare_professional"),
    )
    registration_expiry = DateField(
        N_("Date until which the practising certificate is valid"),
        optional=True,
        asked=when("roles", "healthcare_professional"),
    )
    email = EmailField(N_("E-mail address of this person"), personal=True, autocomplete="off")
    mobile = PhoneField(
        N_("Mobile telephone number of this person"),
        personal=True,
        optional=True,
        autocomplete="off",
    )

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Show an example of the number once the profession is known; it never refuses one."""
        super().process(*args, **kwargs)
        chosen = self.tables.profession.get(self.profession.cleaned) if self.tables else None
        self.registration_number.hint = number_hint(chosen.number_hint if chosen else "")
