"""Jobs of an application: its PDF copy, its limits, and the day it takes effect."""

from uuid import UUID

from sqlmodel import Session

from jobs.running import job
from portal.application import deciding, papers
from portal.cases.models import Case
from portal.infra.clock import now
from portal.infra.tickets import Job, let_go, progress


@job(Job.APPLICATION_COPY, seconds=3600)
def application_copy(db: Session, *, case_id: int) -> None:
    """Make the PDF copy of what was handed in, once. Drawing holds no transaction."""
    case = db.get_one(Case, case_id)
    if case.copy_file_id is not None:
        return
    portions = papers.copy_portions(db, case)
    let_go(db)
    content = papers.drawn(
        portions, case.language, lambda done: progress(None, done, len(portions))
    )
    papers.file_copy(db, case, content, now=now())


@job(Job.DOCUMENTS_LIMIT)
def documents_limit(db: Session, *, case_id: int, days: int) -> None:
    """Remind of missing documents `days` before the limit; at 0 the application lapses."""
    deciding.documents_limit(db, db.get_one(Case, case_id), days, now=now())


@job(Job.SETUP_LIMIT)
def setup_limit(db: Session, *, case_id: int, days: int) -> None:
    """Remind of the set-up `days` before the limit; at 0 the application lapses."""
    deciding.setup_limit(db, db.get_one(Case, case_id), days, now=now())


@job(Job.ACCEPTANCE_HANDED_OVER)
def acceptance_handed_over(db: Session, *, case_id: int) -> None:
    """The acceptance e-mail left our hands: the 14 days begin."""
    deciding.note_hand_over(db, db.get_one(Case, case_id), now=now())


@job(Job.ACCEPTANCE_BOUNCED)
def acceptance_bounced(db: Session, *, case_id: int) -> None:
    """The acceptance e-mail came back, or was not taken: the 14 days stop, or do not begin."""
    deciding.note_bounce(db, db.get_one(Case, case_id), now=now())


@job(Job.MAKE_EFFECTIVE)
def make_effective(db: Session, *, case_id: int) -> None:
    """Make the registration effective if its time has come."""
    deciding.take_effect(db, db.get_one(Case, case_id), now=now())


@job(Job.DOCUMENT_REFUSED)
def document_refused(db: Session, *, file_id: str) -> None:
    """Tell the applicant of a document that was refused only after it was handed in."""
    deciding.note_refused(db, UUID(file_id), now=now())
