"""Work for later, as staff see it: what could not be done, and what is due next."""

from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from portal.infra import tickets
from portal.infra.audit import record
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.tickets import Job
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere
from portal.kernel.text import N_
from portal.staff.routes import bp

WORDS = {
    Job.SEND_MAIL: N_("Send a letter"),
    Job.CHECK_FILE: N_("Check a file"),
    Job.COLLECT_LOST_FILES: N_("Clear away lost files"),
    Job.FORGET_TICKETS: N_("Clear away work that is done"),
    Job.PRINT_LABELS: N_("Print labels"),
    Job.DELETE_ENQUIRY: N_("Delete an old enquiry"),
    Job.APPLICATION_COPY: N_("Make the PDF copy of an application"),
    Job.DOCUMENTS_LIMIT: N_("Look at the limit for documents"),
    Job.SETUP_LIMIT: N_("Look at the limit for set-up"),
    Job.ACCEPTANCE_HANDED_OVER: N_("Begin the days after acceptance"),
    Job.MAKE_EFFECTIVE: N_("Make a registration effective"),
    Job.DOCUMENT_REFUSED: N_("Tell of a refused document"),
    Job.AUDIT_CHECKPOINT: N_("Sign a checkpoint of the audit"),
}
"""Every job in words; a test compares them with the jobs there are."""


@bp.get("/due/")
@needs(May.SEE_JOBS)
def show_work() -> Response:
    """What failed and needs somebody, and the next work by its date."""
    db = session()
    return page(
        "staff/work.html",
        failed=tickets.needing_staff(db),
        coming=tickets.coming(db),
        words_of={str(job): words for job, words in WORDS.items()},
        now=now(),
    )


@bp.post("/due/<uuid:ticket_id>")
@needs(May.SEE_JOBS)
@commits
def try_again(ticket_id: UUID) -> ResponseReturnValue:
    """Try failed work afresh, once its cause was mended."""
    if not tickets.try_again(session(), ticket_id):
        raise NotHere
    record(
        session(), "work.tried_again", by=current_person().on_record, at=now(),
        subject=f"ticket:{ticket_id}",
    )  # fmt: skip
    return see_other(url_for(".show_work"))
