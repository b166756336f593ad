"""Checkpoints of the audit, taken by the calendar."""

import logging

from sqlmodel import Session

from jobs.running import job
from portal.infra import checkpoints
from portal.infra.tickets import Job, NeedsStaff

log = logging.getLogger(__name__)


@job(Job.AUDIT_CHECKPOINT)
def audit_checkpoint(db: Session) -> None:
    """Sign how far the audit has come and keep that outside the database."""
    try:
        checkpoints.take(db)
    except checkpoints.Tampered as tampered:
        log.error("audit tampered with: %s", "; ".join(tampered.found))
        raise NeedsStaff("audit tampered with: bin/portal audit verify") from tampered
