"""The words of a case's timeline."""

from portal.cases.documents import document_types
from portal.cases.models import CaseEvent
from portal.kernel.text import N_, Said

WORDS = {
    "started": N_("Application started"),
    "submitted": N_("Application submitted"),
    "opened": N_("The Registration Office began its review"),
    "document_added": N_("Document added: %(document)s"),
    "document_refused": N_("A document could not be accepted: %(document)s"),
    "accepted": N_("Application accepted"),
    "declined": N_("Application not accepted"),
    "mail_handed_over": N_("Acceptance e-mail sent: the %(days)s days begin"),
    "mail_returned": N_("The acceptance e-mail came back: the days begin when it is sent again"),
    "installed": N_("Connected with its certificate: %(location)s"),
    "effective": N_("Registration effective: listed in the public register"),
    "reminded_documents": N_("Reminder sent: documents are still missing, %(days)s days left"),
    "reminded_setup": N_("Reminder sent: set-up is not complete, %(days)s days left"),
    "lapsed_documents": N_("Lapsed: the documents were not complete within %(days)s days"),
    "lapsed_setup": N_("Lapsed: the set-up was not complete within %(days)s days"),
    "cancelled": N_("Registration cancelled by the Registration Office"),
    "withdrawn": N_("Application withdrawn by the applicant"),
}
"""Tag to sentence; the values come from the event."""


def sentence(event: CaseEvent) -> Said:
    """What `event` says, to be translated where it is shown; a document by its own name."""
    types = document_types()
    values = {k: types[v] if k == "document" else v for k, v in event.values.items()}
    return Said(WORDS[event.tag], **values)
