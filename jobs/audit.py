"""Checkpoints of the audit, taken by the calendar."""

from sqlmodel import Session

from jobs.running import job
from portal.infra import checkpoints
from portal.infra.tickets import Job


@job(Job.AUDIT_CHECKPOINT)
def audit_checkpoint(db: Session) -> None:
    """Sign how far the audit has come and keep that outside the database."""
    checkpoints.take(db)
