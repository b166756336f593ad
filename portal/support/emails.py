"""Letters about enquiries."""

from sqlmodel import Session

from portal.infra.mail import send_mail
from portal.support.models import Enquiry
from portal.support.rules import SUBJECTS


def confirm(db: Session, enquiry: Enquiry) -> None:
    """Tell the sender that the question arrived.

    The address was never confirmed, so nothing typed is repeated: nobody shall send a stranger
    a text of their own through us.
    """
    send_mail(
        db,
        to=enquiry.email,
        lang=enquiry.language,
        template="enquiry_received",
        once=f"enquiry:{enquiry.reference}:received",
        reference=enquiry.reference,
        about=SUBJECTS[enquiry.subject],
    )
