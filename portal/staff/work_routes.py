"""Work for later, as staff see it: what could not be done, and what is due next."""

from uuid import UUID

from flask import Response, url_for
from flask.typing import ResponseReturnValue

from portal.certificates.life_queries import without_fresh_list
from portal.infra import tickets
from portal.infra.audit import record
from portal.infra.bounces import can_be_sent_again, not_arrived
from portal.infra.clock import now, real_now
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
    Job.ISSUE_CERTIFICATE: N_("Issue a certificate"),
    Job.SEND_INSTALLATION_CODE: N_("Send an installation code"),
    Job.SIGN_LISTS: N_("Sign the lists of revoked certificates"),
    Job.LOOK_AT_LISTS: N_("Look at the lists of revoked certificates"),
    Job.RENEW_OWN_KEYS: N_("Renew the portal's own certificates"),
    Job.REMIND_OF_ENDS: N_("Remind of certificates that end"),
    Job.TELL_OF_REVOCATION: N_("Tell of a revoked certificate"),
    Job.REGISTRATION_PAPER: N_("Make a registration certificate"),
    Job.ACCEPTANCE_BOUNCED: N_("Note a returned letter of acceptance"),
    Job.CERTIFICATE_USED: N_("Note that a service location is connected"),
    Job.REVOKE_CERTIFICATES: N_("Revoke the certificates of who has left or is suspended"),
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
        stale=[authority.name for authority in without_fresh_list(db, real_now())],
        returned=[(each, can_be_sent_again(each)) for each in not_arrived(db)],
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
