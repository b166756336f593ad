"""An enquiry, as it was sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from portal.infra.db import UtcDateTime
from portal.support.rules import State


class Enquiry(SQLModel, table=True):
    """Somebody's question. Staff see the open ones; after a year it is deleted."""

    __tablename__ = "enquiry"
    __table_args__ = (CheckConstraint("state IN ('open', 'answered')", name="state"),)

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    once: str = Field(unique=True)
    """Digest of the form's mark and of what was written: the same sent twice is one enquiry."""
    state: str = Field(default=State.OPEN, index=True)
    language: str
    """In which the visitor read the form: the answer is written in it."""
    subject: str
    message: str
    name: str
    email: str
    phone: str = ""
    institution: str = ""
    about: str = ""
    """Reference of an application, as the visitor gave it; not looked up."""
    diagnosis: str = ""
    """What the check of the secure connection found, for technical support."""
    person_id: int | None = Field(default=None, foreign_key="person.id")
    """Who was signed in, if anybody."""
    sent_at: datetime = Field(sa_type=UtcDateTime, index=True)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: int | None = Field(default=None, foreign_key="person.id")
