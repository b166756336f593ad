"""The questions there are, gathered for those who declare steps."""

from portal.forms.base import Answers, Question, When, always, when
from portal.forms.choices import Choice, ChoiceField, ManyChoicesField, TickField, YesNoField
from portal.forms.cleaning import Wrong
from portal.forms.dates import DateField
from portal.forms.step import Shown, Step, StepForm, shown_answers, shown_in
from portal.forms.texts import (
    CodeField,
    EmailField,
    HiddenField,
    LongTextField,
    NumberField,
    PasswordField,
    PhoneField,
    TextField,
)

__all__ = [
    "Answers",
    "Choice",
    "ChoiceField",
    "CodeField",
    "DateField",
    "EmailField",
    "HiddenField",
    "LongTextField",
    "ManyChoicesField",
    "NumberField",
    "PasswordField",
    "PhoneField",
    "Question",
    "Shown",
    "Step",
    "StepForm",
    "TextField",
    "TickField",
    "When",
    "Wrong",
    "YesNoField",
    "always",
    "shown_answers",
    "shown_in",
    "when",
]
