"""Tables of the register: institutions, service locations, and the index the search reads."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, String, UniqueConstraint
from sqlmodel import Column, Field, Relationship, SQLModel

from portal.infra.db import UtcDateTime

# Terms are compared by bytes on both databases: the search reads them by prefix.
TermText = String(60).with_variant(String(60, collation="C"), "postgresql")


class Institution(SQLModel, table=True):
    """A healthcare institution from its acceptance on. Its standing follows from the dates."""

    __tablename__ = "institution"
    __table_args__ = (
        UniqueConstraint("source", "external_id", name="uq_institution_external"),
        CheckConstraint("name_en <> '' OR name_tc <> ''", name="named"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    name_en: str = ""
    name_tc: str = ""
    name_sc: str = ""
    kind: str = Field(index=True)
    phone: str = ""
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # A suspension ends by itself at `suspended_until`; a reason is a key of rules.REASONS.
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspension_reason: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Whose open data the entry was taken from, a key of sources.toml; empty: from an application.
    source: str = ""
    external_id: str | None = None

    locations: list["ServiceLocation"] = Relationship(
        back_populates="institution", sa_relationship_kwargs={"order_by": "ServiceLocation.id"}
    )


class ServiceLocation(SQLModel, table=True):
    """A place where an institution gives care: it has the address, the certificate, the label."""

    __tablename__ = "service_location"
    __table_args__ = (
        UniqueConstraint("source", "external_id", name="uq_service_location_external"),
        CheckConstraint("name_en <> '' OR name_tc <> ''", name="named"),
        CheckConstraint("address_en <> '' OR address_tc <> ''", name="addressed"),
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    name_en: str = ""
    name_tc: str = ""
    name_sc: str = ""
    address_en: str = ""
    address_tc: str = ""
    address_sc: str = ""
    district: str = Field(index=True)
    phone: str = ""
    registers_patients: bool = False
    certificate_installed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    source: str = ""
    external_id: str | None = None

    institution: Institution = Relationship(back_populates="locations")


class Listing(SQLModel, table=True):
    """One record of the search index: an institution or a location, by its record number.

    `terms` are those its postings hold, so that a change touches only what differs. The dates
    narrow the listing to when it and its institution are effective.
    """

    __tablename__ = "register_listing"
    __table_args__ = (
        CheckConstraint("(institution_id IS NULL) <> (location_id IS NULL)", name="one_subject"),
    )

    record: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    institution_id: int | None = Field(default=None, foreign_key="institution.id", unique=True)
    location_id: int | None = Field(default=None, foreign_key="service_location.id", unique=True)
    effective_at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    terms: str


class Posting(SQLModel, table=True):
    """A search term and the compressed bitmap of the records that have it."""

    __tablename__ = "register_posting"

    term: str = Field(sa_column=Column(TermText, primary_key=True))
    df: int
    bitmap: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RegisterIndex(SQLModel, table=True):
    """One row: the index's version, its epoch (new with each rebuild), and the next record.

    Who changes the index updates this row first: the lock that lets one writer in at a time.
    """

    __tablename__ = "register_index"

    id: int = Field(default=1, primary_key=True)
    epoch: str
    version: int = 0
    next_record: int = 1
