"""What the Registration Office writes into its own forms."""

from portal.forms.fields import LongTextField, StepForm
from portal.kernel.text import N_


class ReasonsForm(StepForm):
    """The reasons of a decision. Whether any are needed is decided with the decision."""

    reasons = LongTextField(N_("Reasons"), optional=True)
