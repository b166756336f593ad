"""Reading cases. A finder proves the right: not yours and not there are the same."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func
from sqlalchemy.sql import expression
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.cases.models import Acknowledgement, Answer, Case, CaseDocument, CaseEvent
from portal.cases.rules import OPEN, State
from portal.infra.files import StoredFile
from portal.kernel.identifiers import normalise
from portal.kernel.problems import NotHere

# What every page of a case asks, built once: building a statement costs as much as running it.
OF_REFERENCE = select(Case).where(Case.reference == bindparam("reference"))
ANSWER = select(Answer).where(
    Answer.case_id == bindparam("case_id"),
    Answer.step == bindparam("step"),
    Answer.row == bindparam("row"),
    col(Answer.removed_at).is_(None),
)
DOCUMENTS = (
    select(CaseDocument, StoredFile)
    .join(StoredFile, col(StoredFile.id) == col(CaseDocument.file_id))
    .where(
        col(CaseDocument.case_id).in_(bindparam("cases", expanding=True)),
        col(CaseDocument.removed_at).is_(None),
    )
    .order_by(col(CaseDocument.id))
)
TIMELINE = (
    select(CaseEvent)
    .where(CaseEvent.case_id == bindparam("case_id"))
    .order_by(col(CaseEvent.at).desc(), col(CaseEvent.id).desc())
)


def own_case(db: Session, reference: str, person_id: int) -> Case:
    """The person's own case.

    Raises:
        NotHere: there is none of that reference, or it is somebody else's.
    """
    case = _referenced(db, reference)
    if case is None or case.applicant_id != person_id:
        raise NotHere
    return case


def submitted_case(db: Session, reference: str) -> Case:
    """Any case that was handed in, for staff; a draft is still its applicant's alone.

    Raises:
        NotHere: there is none of that reference, or it is a draft.
    """
    case = _referenced(db, reference)
    if case is None or case.submitted_at is None:
        raise NotHere
    return case


def _referenced(db: Session, reference: str) -> Case | None:
    return db.exec(OF_REFERENCE, params={"reference": normalise(reference)}).one_or_none()


def locked(db: Session, case: Case) -> Case:
    """`case` as it is on record now, held until the end of the transaction."""
    wanted = select(Case).where(Case.id == case.id).with_for_update()
    return db.exec(wanted.execution_options(populate_existing=True)).one()


def case_of_institution(db: Session, institution_id: int) -> Case | None:
    """The application by which an institution came in; None if it came from open data."""
    wanted = select(Case).where(Case.institution_id == institution_id).order_by(col(Case.id))
    return db.exec(wanted).first()


def own_cases(db: Session, person_id: int) -> Sequence[Case]:
    """The person's cases, the one changed last first."""
    wanted = select(Case).where(Case.applicant_id == person_id)
    return db.exec(wanted.order_by(col(Case.changed_at).desc(), col(Case.id).desc())).all()


def answer_to(db: Session, case: Case, step: str, row: str = "") -> Answer | None:
    """What was saved for a step, or for one row of it; removed rows are not found."""
    return db.exec(ANSWER, params={"case_id": case.id, "step": step, "row": row}).one_or_none()


def removed_row(db: Session, case: Case, step: str, row: str) -> Answer | None:
    """A row that was taken out and can come back."""
    wanted = select(Answer).where(Answer.case_id == case.id, Answer.step == step, Answer.row == row)
    return db.exec(wanted.where(col(Answer.removed_at).is_not(None))).one_or_none()


def rows_of(
    db: Session, case: Case, step: str, *, first: int = 0, size: int = 1000
) -> Sequence[Answer]:
    """The rows of a step with many, in the order they were added."""
    wanted = select(Answer).where(*_row_conditions(case, step))
    wanted = wanted.order_by(col(Answer.position), col(Answer.id))
    return db.exec(wanted.offset(first).limit(size)).all()


def rows_count(db: Session, case: Case, step: str) -> tuple[int, int]:
    """How many rows a step has, and how many of them have problems."""
    unsound = func.sum(expression.case((col(Answer.sound), 0), else_=1))
    found = db.execute(select(func.count(), unsound).where(*_row_conditions(case, step))).one()
    return int(found[0]), int(found[1] or 0)


def place_of(db: Session, case: Case, step: str, row: str) -> int | None:
    """How many rows of the step stand before this one; None if it is not there."""
    order = func.row_number().over(order_by=(col(Answer.position), col(Answer.id)))
    listed = select(Answer.row, order.label("number")).where(*_row_conditions(case, step))
    numbered = listed.subquery()
    number = db.exec(select(numbered.c.number).where(numbered.c.row == row)).one_or_none()
    return None if number is None else number - 1


def _row_conditions(case: Case, step: str) -> tuple[ColumnElement[bool], ...]:
    return (
        col(Answer.case_id) == case.id,
        col(Answer.step) == step,
        col(Answer.row) != "",
        col(Answer.removed_at).is_(None),
    )


def acknowledged(db: Session, case: Case) -> dict[tuple[str, str], datetime]:
    """(notice, version) to when it was acknowledged."""
    found = db.exec(select(Acknowledgement).where(Acknowledgement.case_id == case.id))
    return {(a.notice, a.version): a.at for a in found}


def documents_of(db: Session, case: Case) -> list[tuple[CaseDocument, StoredFile]]:
    """The case's documents that were not removed, with their files, in the order added."""
    return documents_of_each(db, [case]).get(case.id or 0, [])


def documents_of_each(
    db: Session, cases: Iterable[Case]
) -> dict[int, list[tuple[CaseDocument, StoredFile]]]:
    """The same for several cases in one statement, by the case's id; without any: not there."""
    found: dict[int, list[tuple[CaseDocument, StoredFile]]] = {}
    for document, file in db.exec(DOCUMENTS, params={"cases": [case.id for case in cases]}):
        found.setdefault(document.case_id, []).append((document, file))
    return found


def case_with_file(db: Session, file_id: UUID) -> tuple[Case, CaseDocument] | None:
    """The case that a file was filed with and was not taken out of."""
    wanted = (
        select(Case, CaseDocument)
        .join(CaseDocument, col(CaseDocument.case_id) == col(Case.id))
        .where(CaseDocument.file_id == file_id, col(CaseDocument.removed_at).is_(None))
    )
    found = db.exec(wanted).first()
    return (found[0], found[1]) if found else None


def timeline(db: Session, case: Case) -> Sequence[CaseEvent]:
    """What happened to the case, the latest first."""
    return db.exec(TIMELINE, params={"case_id": case.id}).all()


QUEUE_PAGE = 50
"""Cases on one page of a queue."""


def queue(
    db: Session, states: Iterable[State] = OPEN, words: str = "", *, page: int = 1
) -> tuple[Sequence[Case], int]:
    """One page of the cases handed in that are in one of `states`, and how many there are.

    Open ones the longest waiting first; where all are decided, the one decided last first.
    """
    wanted = _queued(states, words)
    count = db.exec(select(func.count()).select_from(wanted.subquery())).one()
    waiting = not set(states).isdisjoint(OPEN)
    order = col(Case.submitted_at) if waiting else col(Case.changed_at).desc()
    wanted = wanted.order_by(order, col(Case.id)).offset((page - 1) * QUEUE_PAGE)
    return db.exec(wanted.limit(QUEUE_PAGE)).all(), count


def _queued(states: Iterable[State], words: str) -> SelectOfScalar[Case]:
    wanted = select(Case).where(
        col(Case.state).in_(list(states)), col(Case.submitted_at).is_not(None)
    )
    if not words:
        return wanted
    return wanted.where(
        (col(Case.reference) == normalise(words))
        | col(Case.title_en).icontains(words, autoescape=True)
        | col(Case.title_tc).contains(words, autoescape=True)
    )


def queue_counts(db: Session) -> dict[str, int]:
    """How many handed-in cases are in each state."""
    wanted = select(Case.state, func.count()).where(col(Case.submitted_at).is_not(None))
    return dict(db.exec(wanted.group_by(Case.state)).all())
