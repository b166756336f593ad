"""The office cancels a registration: what its application still waits for is over with it."""

from datetime import datetime

from sqlmodel import Session

from portal.application.deciding import destroy_documents
from portal.cases.actions import tell
from portal.cases.models import Case
from portal.cases.queries import case_of_institution, locked
from portal.cases.rules import State
from portal.infra.audit import record
from portal.registry.actions import end_institution
from portal.registry.models import Institution


def cancel(db: Session, institution: Institution, *, reason: str, by: str, now: datetime) -> None:
    """The institution leaves the register now, and a case that is not effective yet is closed."""
    end_institution(db, institution, at=now, reason=reason, by=by, now=now)
    case = case_of_institution(db, institution.id or 0)
    if case is not None and locked(db, case).state == State.ACCEPTED:
        _close(db, case, by, now)


def _close(db: Session, case: Case, by: str, now: datetime) -> None:
    """No reminder goes out any more, no date decides, and its documents are not kept."""
    case.state, case.ended_at = State.UNSUCCESSFUL, now
    db.add(case)
    destroy_documents(db, case, now)
    tell(db, case, "cancelled", now)
    record(db, "application.cancelled", by=by, at=now, subject=f"case:{case.reference}")
