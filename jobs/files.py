"""Examining received files, and taking away stored bytes that nobody knows any more."""

from uuid import UUID

from sqlmodel import Session

from jobs.running import job
from portal.cases.actions import hold_case_with, take_out_replaced
from portal.infra.clock import now
from portal.infra.file_checks import BY, collect_lost, examined, file_to_check, settle
from portal.infra.file_models import FileState
from portal.infra.tickets import Job, enqueue, let_go


@job(Job.CHECK_FILE, seconds=120)
def check_file(db: Session, *, file_id: str) -> None:
    """Decide whether a file may be served. Safe to repeat: only what is being checked is looked at.

    The examination takes seconds and holds no transaction; somebody may remove the file
    meanwhile, so it is asked for again before the outcome is written down.
    """
    stored = file_to_check(db, UUID(file_id))
    let_go(db)
    if stored is None:
        return
    outcome = examined(stored)
    hold_case_with(db, UUID(file_id))
    still = file_to_check(db, UUID(file_id), locked=True)
    if still is not None:
        settle(db, still, outcome, now())
        if still.state == FileState.REFUSED:
            enqueue(db, Job.DOCUMENT_REFUSED, once=f"refused:{file_id}", file_id=file_id)
        elif still.state == FileState.CLEAN:
            take_out_replaced(db, still.id, by=BY, now=now())


@job(Job.COLLECT_LOST_FILES, seconds=3600)
def collect_lost_files(db: Session) -> None:
    """Once a day: bytes whose transaction failed, and drafts of writers that died."""
    collect_lost(db)
