"""Labels and what they were printed in. A label's serial is on record before it is drawn."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, Relationship, SQLModel

from portal.infra.db import UtcDateTime
from portal.registry.models import ServiceLocation

LIVE = text("voided_at IS NULL")


class Label(SQLModel, table=True):
    """A serial given to a service location: good until it is voided.

    Of each location one label at most is not void; several copies of it may hang on doors.
    """

    __tablename__ = "label"
    __table_args__ = (
        Index(
            "uq_label_live",
            "location_id",
            unique=True,
            sqlite_where=LIVE,
            postgresql_where=LIVE,
        ),
        CheckConstraint("(voided_at IS NULL) = (void_reason = '')", name="void_with_reason"),
    )

    id: int | None = Field(default=None, primary_key=True)
    serial: str = Field(unique=True)
    location_id: int = Field(foreign_key="service_location.id", index=True)
    template: str
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    void_reason: str = ""
    replaces_id: int | None = Field(default=None, foreign_key="label.id", unique=True)

    location: ServiceLocation = Relationship()


class LabelBatch(SQLModel, table=True):
    """What was ordered at once and is printed in one PDF."""

    __tablename__ = "label_batch"

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    # Named by the form that ordered it, so that a form sent twice orders once.
    asked: str = Field(unique=True)
    sheet: str
    start: int = 1
    size: int
    ordered_by: str
    ordered_at: datetime = Field(sa_type=UtcDateTime, index=True)
    drawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Labels that were void, or whose place had left, when the batch was drawn.
    left_out: int = 0
    file_id: UUID | None = None


class LabelPrint(SQLModel, table=True):
    """One printed copy of a label: its place in a batch."""

    __tablename__ = "label_print"
    __table_args__ = (UniqueConstraint("batch_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="label_batch.id", index=True)
    label_id: int = Field(foreign_key="label.id", index=True)
    position: int


class LabelCheck(SQLModel, table=True):
    """How often a day a label was checked, and with which answer. Who asked is not kept."""

    __tablename__ = "label_check"

    day: date = Field(primary_key=True)
    # 0: a serial that is not ours, so no foreign key.
    label_id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    verdict: str = Field(primary_key=True)
    times: int = 0
