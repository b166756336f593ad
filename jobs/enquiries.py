"""Jobs about enquiries."""

from sqlmodel import Session

from jobs.running import job
from portal.infra.clock import now
from portal.infra.tickets import Job
from portal.kernel.problems import NotHere
from portal.support.actions import delete
from portal.support.queries import enquiry_called


@job(Job.DELETE_ENQUIRY)
def delete_enquiry(db: Session, *, reference: str) -> None:
    """Delete an enquiry whose year is over. Gone already: done."""
    try:
        enquiry = enquiry_called(db, reference)
    except NotHere:
        return
    delete(db, enquiry, now=now())
