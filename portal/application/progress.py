"""How far a draft is: each section's state, and what still stops it from being submitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Session

from portal.application.steps import INSTITUTION, LOCATIONS, USERS
from portal.cases.documents import DocumentType, Requirement, requirements_for
from portal.cases.models import Answer, Case, CaseDocument
from portal.cases.notices import Notice, not_acceptable, notices_for
from portal.cases.queries import (
    acknowledged,
    answer_to,
    documents_of,
    documents_of_each,
    rows_count,
    rows_of,
)
from portal.cases.rules import State
from portal.cases.standing import Standing, standing
from portal.infra.files import StoredFile
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.kernel.text import N_, Said
from portal.registry.scheme import Scheme


class Status(StrEnum):
    """How a section of the application stands."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    CHECKING = "checking"
    PROBLEM = "problem"
    COMPLETED = "completed"


STATUS_WORDS: dict[Status, tuple[str, str]] = {
    Status.NOT_STARTED: (N_("Not started"), "blue"),
    Status.IN_PROGRESS: (N_("In progress"), "aqua-green"),
    Status.CHECKING: (N_("Checking files"), "yellow"),
    Status.PROBLEM: (N_("There is a problem"), "red"),
    Status.COMPLETED: (N_("Completed"), ""),
}


@dataclass(frozen=True, slots=True)
class Section:
    """One line of the task list. `missing` says what is still needed, in order."""

    key: str
    title: str
    status: Status
    missing: tuple[str | Said, ...] = ()

    @property
    def words(self) -> str:
        return STATUS_WORDS[self.status][0]

    @property
    def colour(self) -> str:
        return STATUS_WORDS[self.status][1]


@dataclass(frozen=True, slots=True)
class Filed:
    """A requirement and the documents filed under it."""

    requirement: Requirement
    files: tuple[tuple[CaseDocument, StoredFile], ...]

    def has(self, *states: str) -> bool:
        return any(file.state in states for _, file in self.files)


NOT_IN_PLACE = N_("The notices cannot be acknowledged yet: an official text is not in place")
NOTICES = N_("Notices to read")
DOCUMENTS = N_("Supporting documents")
REVIEW = N_("Review and submit")


def notices(case: Case, scheme: Scheme, on: date) -> Sequence[Notice]:
    """The notices that apply to the kind of institution, in force `on` that day."""
    return notices_for(scheme.kind[case.kind].conditions, on)


def notices_to_accept(case: Case, scheme: Scheme, on: date) -> Sequence[Notice]:
    """The same, to be shown and acknowledged.

    Raises:
        Refused: in production, while one of them is only a SAMPLE of the official text.
    """
    shown = notices(case, scheme, on)
    if not_acceptable(shown, production=settings().production):
        raise Refused(NOT_IN_PLACE)
    return shown


def sections(db: Session, case: Case, scheme: Scheme, on: date) -> list[Section]:
    """Everything that has to be complete before the application can be submitted.

    Notices are those in force `on` the day somebody looks, all else as of the day it was begun.
    """
    return [
        notices_section(db, case, scheme, on),
        institution_section(answer_to(db, case, INSTITUTION.key)),
        rows_section(
            USERS.key, USERS.title, rows_count(db, case, USERS.key), users_missing(db, case)
        ),
        rows_section(LOCATIONS.key, LOCATIONS.title, rows_count(db, case, LOCATIONS.key), ()),
        documents_section(filed(db, case)),
    ]


def notices_section(db: Session, case: Case, scheme: Scheme, on: date) -> Section:
    shown = notices(case, scheme, on)
    if not_acceptable(shown, production=settings().production):
        # Also what was acknowledged before production was switched on binds nobody.
        return Section("notices", NOTICES, Status.PROBLEM, (NOT_IN_PLACE,))
    wanted = {(n.key, n.version) for n in shown}
    read = wanted & acknowledged(db, case).keys()
    if read == wanted:
        return Section("notices", NOTICES, Status.COMPLETED)
    status = Status.IN_PROGRESS if read else Status.NOT_STARTED
    missing = Said(N_("Notices still to be acknowledged: %(count)s"), count=len(wanted - read))
    return Section("notices", NOTICES, status, (missing,))


def institution_section(answer: Answer | None) -> Section:
    key, title = INSTITUTION.key, INSTITUTION.title
    if answer is None:
        missing = N_("The details of the institution are missing")
        return Section(key, title, Status.NOT_STARTED, (missing,))
    if answer.sound:
        return Section(key, title, Status.COMPLETED)
    missing = N_("Some details of the institution still need attention")
    return Section(key, title, Status.IN_PROGRESS, (missing,))


NO_ROWS = {
    USERS.key: N_("Add at least one user"),
    LOCATIONS.key: N_("Add at least one service location"),
}
UNSOUND_ROWS = {
    USERS.key: N_("Users whose details still need attention: %(count)s"),
    LOCATIONS.key: N_("Service locations whose details still need attention: %(count)s"),
}


def rows_section(
    key: str, title: str, counts: tuple[int, int], more: tuple[str | Said, ...]
) -> Section:
    count, unsound = counts
    if not count:
        return Section(key, title, Status.NOT_STARTED, (NO_ROWS[key],))
    missing = more
    if unsound:
        missing = (Said(UNSOUND_ROWS[key], count=unsound), *missing)
    return Section(key, title, Status.IN_PROGRESS if missing else Status.COMPLETED, missing)


def users_missing(db: Session, case: Case) -> tuple[str, ...]:
    """At least one user must be user administrator."""
    roles = (row.answers.get("roles") or [] for row in rows_of(db, case, USERS.key))
    if any("user_administrator" in of_one for of_one in roles):
        return ()
    return (N_("At least one user must be user administrator"),)


def filed(db: Session, case: Case) -> list[Filed]:
    """The documents asked of the kind of institution, each with what was filed for it.

    Asked for is what the tables said on the day the application was begun: the list does not
    change beneath the applicant, before or after submission.
    """
    return filed_under(case, documents_of(db, case))


def filed_under(case: Case, documents: Sequence[tuple[CaseDocument, StoredFile]]) -> list[Filed]:
    by_type: dict[str, list[tuple[CaseDocument, StoredFile]]] = {}
    for document, file in documents:
        by_type.setdefault(document.document_type, []).append((document, file))
    return [
        Filed(need, tuple(by_type.get(need.document.code, ())))
        for need in requirements_for(case.kind, case.begun_on)
    ]


def standings(db: Session, cases: Sequence[Case], now: datetime) -> list[tuple[Case, Standing]]:
    """Each case and where it stands. Documents are looked at only where they decide that, those
    of all cases in one statement."""
    waiting = [case for case in cases if case.state == State.SUBMITTED]
    documents = documents_of_each(db, waiting) if waiting else {}
    return [
        (case, standing(case, now, complete=_sound(case, documents.get(case.id or 0, ()))))
        for case in cases
    ]


def _sound(case: Case, documents: Sequence[tuple[CaseDocument, StoredFile]]) -> bool:
    if case.state != State.SUBMITTED:
        return True
    return complete(filed_under(case, documents))


def documents_section(all_filed: Sequence[Filed]) -> Section:
    missing = documents_missing(all_filed)
    if any(f.has("refused") for f in all_filed):
        return Section("documents", DOCUMENTS, Status.PROBLEM, missing)
    if any(f.has("checking") for f in all_filed):
        return Section("documents", DOCUMENTS, Status.CHECKING, missing)
    if not missing:
        return Section("documents", DOCUMENTS, Status.COMPLETED)
    begun = any(f.files for f in all_filed)
    return Section(
        "documents", DOCUMENTS, Status.IN_PROGRESS if begun else Status.NOT_STARTED, missing
    )


def documents_missing(all_filed: Sequence[Filed]) -> tuple[str | Said, ...]:
    """What the documents still lack; a file being checked counts as there.

    Of requirements in one group of alternatives, one is enough.
    """
    lacking = [
        Said(N_("Document missing: %(document)s"), document=named)
        for named in absent(all_filed, ("clean", "checking"))
    ]
    refused = [
        Said(N_("A file was refused: remove it or replace it (%(file)s)"), file=file.filename)
        for f in all_filed
        for _, file in f.files
        if file.state == "refused"
    ]
    return (*lacking, *refused)


def complete(all_filed: Sequence[Filed]) -> bool:
    """Whether every required document is there and found clean."""
    return not absent(all_filed, ("clean",))


def absent(all_filed: Sequence[Filed], states: tuple[str, ...]) -> list[DocumentType | Said]:
    """The names of required documents without a file in one of `states`."""
    groups: dict[str, list[Filed]] = {}
    for f in all_filed:
        if f.requirement.required:
            groups.setdefault(f.requirement.group or f.requirement.document.code, []).append(f)
    return [_either(group) for group in groups.values() if not any(f.has(*states) for f in group)]


def _either(group: Sequence[Filed]) -> DocumentType | Said:
    names = [f.requirement.document for f in group]
    if len(names) == 1:
        return names[0]
    return Said(N_("%(one)s or %(other)s"), one=names[0], other=names[1])


def is_checking(all_filed: Sequence[Filed]) -> bool:
    return any(f.has("checking") for f in all_filed)
