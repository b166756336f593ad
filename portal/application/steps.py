"""The first three of the five steps: what is asked about institution, users and locations.

Step 4 (documents) and 5 (review) ask nothing of this sort and have pages of their own.
Source of the questions: domain facts §1.3; those marked as proposals there are optional here or
decided by dated tables, which reach the forms as `tables` (choices) and `given` (conditions).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.application.user_form import UserForm
from portal.forms.fields import (
    Answers,
    ChoiceField,
    CodeField,
    DateField,
    EmailField,
    LongTextField,
    ManyChoicesField,
    NumberField,
    PhoneField,
    Step,
    StepForm,
    TextField,
    YesNoField,
    when,
)
from portal.kernel.problems import Problem
from portal.kernel.text import N_, Said

CHINESE = (("tc", N_("Traditional Chinese")), ("sc", N_("Simplified Chinese")))
LANGUAGES = (("en", N_("English")), *CHINESE)


def districts(tables: Any) -> Iterable[tuple[Any, ...]]:
    return ((d.code, d) for d in tables.districts)


def sharable(tables: Any) -> Iterable[tuple[Any, ...]]:
    return ((kind.code, kind) for kind in tables.sharable)


class InstitutionForm(StepForm):
    """Who applies. `given` has `licence`: "required", "optional" or "" for the kind of place."""

    name_en = TextField(
        N_("Name of the institution in English"),
        hint=N_("As on the business registration."),
        public=True,
        speaks="en",
        autocomplete="organization",
    )
    name_tc = TextField(
        N_("Name of the institution in Traditional Chinese"), public=True, speaks="zh-Hant-HK"
    )
    name_sc = TextField(
        N_("Name of the institution in Simplified Chinese"),
        hint=N_("If you leave this empty, we convert the Traditional Chinese name."),
        public=True,
        optional=True,
        speaks="zh-Hans",
    )
    business_registration = CodeField(
        N_("Business registration number"),
        hint=N_("The first 8 digits on the certificate are enough."),
        max_length=30,
        width="20",
        optional=True,
    )
    licence_number = CodeField(
        N_("Licence or registration number of the institution"),
        hint=N_("As printed on the licence, certificate of registration or exemption."),
        max_length=40,
        width="20",
        asked=when("licence", "required"),
    )
    clinic_licence_number = CodeField(
        N_("Licence or letter of exemption number"),
        hint=N_("Leave empty if you have not received one yet."),
        max_length=40,
        width="20",
        optional=True,
        asked=when("licence", "optional"),
    )
    licence_expiry = DateField(
        N_("Date until which the licence is valid"),
        hint=N_("For example, 31 12 2027"),
        optional=True,
        asked=when("licence", "required", "optional"),
    )
    phone = PhoneField(N_("Telephone number of the institution"), public=True)
    correspondence_address = LongTextField(
        N_("Correspondence address"), rows=3, max_length=400, autocomplete="street-address"
    )
    scope = ChoiceField(
        N_("Which of your service locations take part?"),
        choices=(
            ("all", N_("All of them")),
            ("some", N_("Only some of them"), N_("You can add others later.")),
        ),
    )
    authorised_name = TextField(
        N_("Name of the authorised person"),
        hint=N_("Who may sign for the institution."),
        personal=True,
        autocomplete="name",
    )
    authorised_post = TextField(
        N_("Post of the authorised person"), autocomplete="organization-title"
    )
    authorised_phone = PhoneField(N_("Telephone number of the authorised person"), personal=True)
    authorised_email = EmailField(N_("E-mail address of the authorised person"), personal=True)
    contact_name = TextField(
        N_("Name of the contact person"),
        hint=N_("Whom we call about this application, if not the authorised person."),
        optional=True,
        personal=True,
    )
    contact_phone = PhoneField(
        N_("Telephone number of the contact person"), optional=True, personal=True
    )
    contact_email = EmailField(
        N_("E-mail address of the contact person"), optional=True, personal=True
    )
    letters = ChoiceField(
        N_("Language for our letters and e-mails"), choices=LANGUAGES, inline=True
    )

    def agree(self, cleaned: Mapping[str, Any]) -> Iterable[Problem]:
        if cleaned.get("contact_name") and not (
            cleaned.get("contact_phone") or cleaned.get("contact_email")
        ):
            yield Problem(
                "contact_phone",
                N_("Enter a telephone number or an e-mail address of the contact person"),
            )


class LocationForm(StepForm):
    """One place where care is given."""

    name_en = TextField(
        N_("Name of the location in English"),
        hint=N_("As on the sign at the door."),
        public=True,
        speaks="en",
    )
    name_tc = TextField(
        N_("Name of the location in Traditional Chinese"), public=True, speaks="zh-Hant-HK"
    )
    name_sc = TextField(
        N_("Name of the location in Simplified Chinese"),
        hint=N_("If you leave this empty, we convert the Traditional Chinese name."),
        public=True,
        optional=True,
        speaks="zh-Hans",
    )
    address_en = TextField(
        N_("Address in English"),
        hint=N_("Flat, floor, building, number and street, area."),
        public=True,
        max_length=300,
        speaks="en",
    )
    address_tc = TextField(
        N_("Address in Traditional Chinese"), public=True, max_length=300, speaks="zh-Hant-HK"
    )
    address_sc = TextField(
        N_("Address in Simplified Chinese"),
        hint=N_("If you leave this empty, we convert the Traditional Chinese address."),
        public=True,
        optional=True,
        max_length=300,
        speaks="zh-Hans",
    )
    district = ChoiceField(N_("District"), choices=districts, select=True, public=True)
    phone = PhoneField(N_("Telephone number for the public"), public=True)
    registers_patients = YesNoField(
        N_("Can patients register with eHealth here?"),
        hint=N_("You can take part without offering this."),
        public=True,
    )
    wants_reader = YesNoField(
        N_("Would you like a Hong Kong identity card reader?"),
        asked=when("registers_patients", True),
    )
    shares = ManyChoicesField(
        N_("Which kinds of data will this location share with eHealth?"),
        hint=N_(
            "Tick those you are ready to share. It may be published. You can add others later."
        ),
        choices=sharable,
        optional=True,
    )
    opening_hours = TextField(N_("Opening hours"), optional=True)
    contact_name = TextField(N_("Name of the contact person at this location"), personal=True)
    contact_phone = PhoneField(
        N_("Telephone number of the contact person at this location"), personal=True
    )
    contact_email = EmailField(
        N_("E-mail address of the contact person at this location"), personal=True, optional=True
    )
    record_system = TextField(
        N_("Clinical management system in use"),
        hint=N_("Its name, or leave empty if records are on paper. You can take part either way."),
        optional=True,
    )
    workstations = NumberField(
        N_("Number of computers that will connect"), optional=True, most=9999
    )


def user_name(answers: Answers) -> str | Said:
    """What a row of users is called."""
    english = " ".join(str(answers.get(key) or "") for key in ("surname", "given_names")).strip()
    return english or str(answers.get("name_zh") or "") or Said(N_("Person without a name yet"))


def location_name(answers: Answers) -> str | Said:
    """What a row of locations is called."""
    named = str(answers.get("name_en") or answers.get("name_tc") or "")
    return named or Said(N_("Location without a name yet"))


INSTITUTION = Step(
    key="institution",
    title=N_("Healthcare institution"),
    form=InstitutionForm,
    intro=N_("Tell us who applies. Answers marked “published” will stand in the public register."),
)
USERS = Step(
    key="users",
    title=N_("Users"),
    form=UserForm,
    many=True,
    intro=N_(
        "Tell us who will use eHealth at your institution. At least one must be user administrator."
    ),
    row_title=user_name,
)
LOCATIONS = Step(
    key="locations",
    title=N_("Service locations"),
    form=LocationForm,
    many=True,
    intro=N_("Tell us about each place that takes part: from one to 500."),
    row_title=location_name,
)

STEPS = (INSTITUTION, USERS, LOCATIONS)
MOST_ROWS = {"users": 500, "locations": 500}
