"""The pages of step 4: documents are uploaded one by one, checked, looked at and removed."""

from typing import BinaryIO, cast
from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from portal.application.progress import Filed, documents_section, filed, is_checking
from portal.application.routes import bp, own
from portal.cases.actions import add_document, may_take_out, remove_document, tell
from portal.cases.models import Case, CaseDocument
from portal.cases.queries import documents_of, locked
from portal.cases.rules import State
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.files import StoredFile, receive, thumbnail
from portal.infra.guards import May, current_person, needs
from portal.infra.serving import send_bytes, send_file_safely
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other, wants_part
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_, Said

MOST_FILES = 100
"""Documents of one case: far more than any list asks for."""

HANDED_IN = N_("A document that was handed in cannot be removed, but you can add another")

OPEN_FOR_DOCUMENTS = {State.DRAFT, State.SUBMITTED}


@bp.get("/<reference>/documents")
@needs(May.APPLY)
def show_documents(reference: str) -> Response:
    """What is asked for, and what is there, with its state."""
    return documents_page(changeable(reference), ())


def changeable(reference: str) -> Case:
    """The own case, as long as documents may still be added: until it is decided."""
    case = own(reference)
    if case.state not in OPEN_FOR_DOCUMENTS:
        raise NotHere
    return case


def locked_changeable(reference: str) -> Case:
    """The same, held until the end: it may have been decided, or have lapsed, a moment ago."""
    case = changeable(reference)
    if locked(session(), case).state not in OPEN_FOR_DOCUMENTS:
        raise NotHere
    return case


def documents_page(case: Case, problems: tuple[Problem, ...], status: int = 200) -> Response:
    all_filed = filed(session(), case)
    return page(
        "application/documents.html",
        block="documents",
        status=status,
        case=case,
        filed=all_filed,
        section=documents_section(all_filed),
        checking=is_checking(all_filed),
        may_change=lambda file: may_take_out(case, file),
        problems=problems,
    )


@bp.post("/<reference>/documents/<document_type>")
@needs(May.APPLY)
@commits
def upload(reference: str, document_type: str) -> ResponseReturnValue:
    """Take one or several files of a type into quarantine; their check begins at once."""
    case = locked_changeable(reference)
    _wanted(case, document_type)
    chosen = [file for file in request.files.getlist("file") if file.filename]
    if not chosen:
        return refuse(case, Problem(f"file-{document_type}", N_("Choose a file to upload")))
    if len(documents_of(session(), case)) + len(chosen) > MOST_FILES:
        return refuse(
            case,
            Problem(
                f"file-{document_type}",
                Said(N_("An application can have at most %(most)s documents"), most=MOST_FILES),
            ),
        )
    try:
        for file in chosen:
            take(case, document_type, file)
    except Refused as refused:
        session().rollback()
        return refuse(case, Problem(f"file-{document_type}", refused.message))
    if wants_part():
        return documents_page(case, ())
    return see_other(url_for(".show_documents", reference=case.reference, _anchor=document_type))


def take(case: Case, document_type: str, file: FileStorage) -> None:
    """Receive one file. One that it replaces stays until this one is found clean."""
    db, at, who = session(), now(), current_person()
    replaced = _replaced(case, document_type)
    stored = receive(
        db, cast(BinaryIO, file.stream), filename=file.filename or "",
        owner=f"case:{case.reference}", by=who.on_record, now=at,
    )  # fmt: skip
    add_document(db, case, document_type, stored, replaces=replaced, now=at)
    if case.state == State.SUBMITTED:
        tell(db, case, "document_added", at, document=document_type)


def _replaced(case: Case, document_type: str) -> UUID | None:
    """The file to be replaced, if one is: of the same type, and one that may be taken out.

    Raises:
        NotHere: the case has no such file of this type.
        Refused: it was handed in, and nothing is wrong with it.
    """
    asked = request.form.get("replaces")
    if not asked:
        return None
    document, file = filed_file(case, _uuid(asked))
    if document.document_type != document_type:
        raise NotHere
    if not may_take_out(case, file):
        raise Refused(HANDED_IN)
    return file.id


def refuse(case: Case, problem: Problem) -> Response:
    log_problems("application.documents", (problem,))
    return documents_page(case, (problem,), status=422)


@bp.post("/<reference>/documents/<uuid:file_id>/remove")
@needs(May.APPLY)
@commits
def remove_file(reference: str, file_id: UUID) -> ResponseReturnValue:
    """Take a document out."""
    case = locked_changeable(reference)
    _document, file = filed_file(case, file_id)
    if not may_take_out(case, file):
        raise Refused(HANDED_IN)
    remove_document(session(), case, file_id, by=current_person().on_record, now=now())
    if wants_part():
        session().flush()
        return documents_page(case, ())
    return see_other(url_for(".show_documents", reference=case.reference))


@bp.get("/<reference>/documents/<uuid:file_id>")
@needs(May.APPLY)
@commits
def open_file(reference: str, file_id: UUID) -> ResponseReturnValue:
    """Look at one of the own documents; only clean ones are served. Reading is on record."""
    _document, file = filed_file(own(reference), file_id)
    if file.state != "clean":
        raise NotHere
    return send_file_safely(session(), file, read_by=current_person().on_record, at=now())


@bp.get("/<reference>/documents/<uuid:file_id>/thumbnail")
@needs(May.APPLY)
def show_thumbnail(reference: str, file_id: UUID) -> ResponseReturnValue:
    """A small picture of the first page."""
    _document, file = filed_file(own(reference), file_id)
    picture = thumbnail(session(), file.id)
    if picture is None:
        raise NotHere
    return send_bytes(picture, filename="thumbnail.webp", media_type="image/webp")


def filed_file(case: Case, file_id: UUID) -> tuple[CaseDocument, StoredFile]:
    """The document of this case with that file.

    Raises:
        NotHere: the case has none such.
    """
    for document, file in documents_of(session(), case):
        if file.id == file_id:
            return document, file
    raise NotHere


def _wanted(case: Case, document_type: str) -> Filed:
    for one in filed(session(), case):
        if one.requirement.document.code == document_type:
            return one
    raise NotHere


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotHere from error
