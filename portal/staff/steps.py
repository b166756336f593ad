"""What the Registration Office writes into its own forms."""

from portal.forms.fields import LongTextField, StepForm
from portal.forms.texts import EmailField
from portal.kernel.text import N_


class ReasonsForm(StepForm):
    """The reasons of a decision. Whether any are needed is decided with the decision."""

    reasons = LongTextField(N_("Reasons"), optional=True)


class AddressForm(StepForm):
    """Where a letter that came back is to go instead."""

    address = EmailField(N_("Corrected e-mail address"), autocomplete="off")
