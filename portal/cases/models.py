"""A case and what belongs to it. Answers are JSON; acceptance turns them into typed rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from portal.cases.rules import State
from portal.infra.db import UtcDateTime


class Case(SQLModel, table=True):
    """One application from its first saved answer to its end."""

    __tablename__ = "cases"

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    sort: str
    """Which steps it has: "registration"; amendments and recognitions come later."""
    state: str = Field(default=State.DRAFT, index=True)
    applicant_id: int = Field(foreign_key="person.id", index=True)
    language: str
    kind: str
    """Code of the kind of institution, see registry/scheme/kinds.toml."""
    form_version: str
    """The Hong Kong date it was begun on, as ISO: see `begun_on`."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = None
    handed_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When the acceptance e-mail was handed to the mail server: the 14 days start."""
    installed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    institution_id: int | None = Field(default=None, foreign_key="institution.id")
    copy_file_id: UUID | None = None
    """The PDF copy of what was submitted."""
    title_en: str = ""
    title_tc: str = ""
    """The institution's names as last saved, so that lists need not open the answers."""

    @property
    def begun_on(self) -> date:
        """The day whose dated tables hold for the case to its end."""
        return date.fromisoformat(self.form_version)


class Answer(SQLModel, table=True):
    """What was answered to one step, or to one row of a step with many (`row` not empty)."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("case_id", "step", "row"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    step: str
    row: str = ""
    position: int = 0
    answers: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    revision: int = 1
    sound: bool = False
    """Whether it had no problems when last saved."""
    saved_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Acknowledgement(SQLModel, table=True):
    """That the applicant has read this version of a notice, and when."""

    __tablename__ = "acknowledgement"
    __table_args__ = (UniqueConstraint("case_id", "notice", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    notice: str
    version: str
    at: datetime = Field(sa_type=UtcDateTime)


class CaseDocument(SQLModel, table=True):
    """A supporting document of a case: which type it is, and its file."""

    __tablename__ = "case_document"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    document_type: str
    file_id: UUID = Field(index=True)
    replaces: UUID | None = None
    """The file that is taken out once this one is found clean; until then both are there."""
    added_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseEvent(SQLModel, table=True):
    """One line of the case's timeline, for applicant and staff alike."""

    __tablename__ = "case_event"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="cases.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    tag: str
    """What happened: a key of `cases.events.WORDS`."""
    values: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    note: str = ""
    """In somebody's own words: the reasons of a decision."""
