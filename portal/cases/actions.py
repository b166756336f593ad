"""Writing to cases: drafts with revisions, acknowledgements, documents, the timeline."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from portal.cases.models import Acknowledgement, Answer, Case, CaseDocument, CaseEvent
from portal.cases.queries import (
    answer_to,
    case_with_file,
    documents_of,
    locked,
    removed_row,
)
from portal.cases.rules import State
from portal.infra.files import FileState, StoredFile
from portal.infra.files import remove as destroy_file
from portal.kernel.identifiers import new_code
from portal.kernel.problems import NotHere, Refused
from portal.kernel.text import N_


class Overwritten(Exception):
    """Somebody saved the same answers since this page was opened; `saved` is what they are now."""

    def __init__(self, saved: Answer) -> None:
        super().__init__("saved elsewhere since")
        self.saved = saved


def start(
    db: Session,
    *,
    sort: str,
    kind: str,
    applicant_id: int,
    language: str,
    version: str,
    now: datetime,
) -> Case:
    """A new draft with a reference of its own."""
    for _attempt in range(5):
        case = Case(
            reference=new_code(),
            sort=sort,
            kind=kind,
            applicant_id=applicant_id,
            language=language,
            form_version=version,
            started_at=now,
            changed_at=now,
        )
        try:
            with db.begin_nested():
                db.add(case)
        except IntegrityError:
            continue
        tell(db, case, "started", now)
        return case
    raise RuntimeError("no free reference found in five draws")


def keep_answer(
    db: Session,
    case: Case,
    step: str,
    answers: dict[str, Any],
    *,
    row: str = "",
    revision: int,
    sound: bool,
    now: datetime,
) -> Answer:
    """Save a step, or one row of it, over `revision` (0: nothing was saved yet).

    Raises:
        Overwritten: another tab or device saved since; nothing is changed.
        Refused: the case was handed in.
        NotHere: there was never such a row.
    """
    draft_of(db, case)
    saved = answer_to(db, case, step, row) or removed_row(db, case, step, row)
    if saved is None:
        if revision:
            raise NotHere
        saved = Answer(case_id=_id(case), step=step, row=row, answers=answers, saved_at=now)
        saved.position = _next_position(db, case, step) if row else 0
    elif saved.removed_at is None and saved.revision != revision:
        raise Overwritten(saved)
    else:
        # Saved from another tab, a row that was removed meanwhile is there again: what somebody
        # types is not lost.
        saved.revision, saved.removed_at = saved.revision + 1, None
    saved.answers, saved.sound, saved.saved_at = answers, sound, now
    case.changed_at = now
    db.add_all((saved, case))
    db.flush()
    return saved


def new_row() -> str:
    """The name of a fresh row."""
    return uuid.uuid4().hex


def remove_row(db: Session, case: Case, step: str, row: str, *, now: datetime) -> Answer:
    """Take a row out; `restore_row` brings it back."""
    draft_of(db, case)
    saved = answer_to(db, case, step, row)
    if saved is None:
        raise NotHere
    saved.removed_at = case.changed_at = now
    db.add_all((saved, case))
    return saved


def restore_row(db: Session, case: Case, step: str, row: str, *, now: datetime) -> Answer:
    """Bring a removed row back as it was."""
    draft_of(db, case)
    saved = answer_to(db, case, step, row) or removed_row(db, case, step, row)
    if saved is None or not row:
        raise NotHere
    saved.removed_at, case.changed_at = None, now
    db.add_all((saved, case))
    return saved


def draft_of(db: Session, case: Case) -> Case:
    """`case`, locked and known to be a draft.

    Raises:
        Refused: it was handed in, perhaps a moment ago in another tab.
    """
    if locked(db, case).state != State.DRAFT:
        raise Refused(
            N_("This application has already been submitted and can no longer be changed")
        )
    return case


def acknowledge(db: Session, case: Case, notice: str, version: str, *, now: datetime) -> None:
    """Keep that this version of a notice was read; the first time counts."""
    wanted = select(Acknowledgement).where(
        Acknowledgement.case_id == case.id,
        Acknowledgement.notice == notice,
        Acknowledgement.version == version,
    )
    if db.exec(wanted).first() is None:
        db.add(Acknowledgement(case_id=_id(case), notice=notice, version=version, at=now))


def may_take_out(case: Case, file: StoredFile) -> bool:
    """After submission only a refused file may be taken out; the record stays either way."""
    return case.state == State.DRAFT or file.state == FileState.REFUSED


def add_document(
    db: Session,
    case: Case,
    document_type: str,
    file: StoredFile,
    *,
    replaces: uuid.UUID | None = None,
    now: datetime,
) -> CaseDocument:
    """File a received file under a type of document; `replaces`: see `take_out_replaced`."""
    document = CaseDocument(
        case_id=_id(case), document_type=document_type, file_id=file.id, replaces=replaces,
        added_at=now,
    )  # fmt: skip
    case.changed_at = now
    db.add_all((document, case))
    return document


def remove_document(
    db: Session, case: Case, file_id: uuid.UUID, *, by: str, now: datetime
) -> CaseDocument:
    """Take a document out of the case and destroy its file; that it was there stays on record.

    Raises:
        NotHere: the case has no such document.
    """
    wanted = select(CaseDocument).where(
        CaseDocument.case_id == case.id, CaseDocument.file_id == file_id
    )
    document = db.exec(wanted.where(col(CaseDocument.removed_at).is_(None))).one_or_none()
    if document is None:
        raise NotHere
    document.removed_at = case.changed_at = now
    db.add_all((document, case))
    destroy_file(db, file_id, by=by, now=now)
    return document


def hold_case_with(db: Session, file_id: uuid.UUID) -> None:
    """Lock the case a file belongs to. Cases before files, as the pages do: no deadlock."""
    if found := case_with_file(db, file_id):
        locked(db, found[0])


def take_out_replaced(db: Session, file_id: uuid.UUID, *, by: str, now: datetime) -> None:
    """A file was found clean: the one it was sent to replace goes, and not a moment earlier.

    It stays if it may no longer be taken out, as when the draft was handed in meanwhile.
    """
    found = case_with_file(db, file_id)
    if found is None or found[1].replaces is None:
        return
    case, replaced = found[0], found[1].replaces
    former = {file.id: file for _, file in documents_of(db, case)}.get(replaced)
    if former and may_take_out(case, former):
        remove_document(db, case, replaced, by=by, now=now)


def tell(db: Session, case: Case, tag: str, at: datetime, *, note: str = "", **values: Any) -> None:
    """Add a line to the case's timeline."""
    db.add(CaseEvent(case_id=_id(case), at=at, tag=tag, values=values, note=note))


def _next_position(db: Session, case: Case, step: str) -> int:
    highest = select(func.max(Answer.position)).where(
        Answer.case_id == case.id, Answer.step == step
    )
    return (db.exec(highest).one() or 0) + 1


def _id(case: Case) -> int:
    assert case.id is not None
    return case.id
