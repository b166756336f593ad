"""Issuing authorities, certificates and what is published about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary, UniqueConstraint
from sqlmodel import Column, Field, Relationship, SQLModel

from portal.infra.db import UtcDateTime
from portal.registry.models import ServiceLocation


class Authority(SQLModel, table=True):
    """An issuing authority: its certificate is signed by the offline root. One issues at a time.

    A retired one issues no more, but keeps signing the list of its revoked certificates.
    """

    __tablename__ = "certificate_authority"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    # The name of the key in the folder or token of keys.
    key_label: str
    certificate: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    root: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    # 1 while it issues, then NULL: being unique, it lets one issue at a time.
    active: int | None = Field(default=1, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Certificate(SQLModel, table=True):
    """One certificate of a service location, from the request on. All times are real time.

    Requested, then reserved (serial, validity and the very bytes to be signed are on record),
    then issued. Nothing is signed that is not on record before.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("certificate IS NULL OR tbs IS NOT NULL", name="reserved_before_issued"),
        CheckConstraint("(tbs IS NULL) = (serial IS NULL)", name="reserved_whole"),
        CheckConstraint("(revoked_at IS NULL) = (revocation_reason = '')", name="revoked_why"),
    )

    id: int | None = Field(default=None, primary_key=True)
    location_id: int = Field(foreign_key="service_location.id", index=True)
    way: str
    # Named by the form that asked for it, so that a form sent twice asks once.
    asked: str = Field(unique=True)
    # SHA-256 of the public key: a key that was ever used here is not certified again.
    spki_sha256: str = Field(unique=True)
    spki: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    # Only where we made the key, sealed, and only until it is fetched.
    sealed_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcDateTime)

    authority_id: int | None = Field(default=None, foreign_key="certificate_authority.id")
    # In hexadecimal, 32 digits.
    serial: str | None = Field(default=None, unique=True)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    not_after: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    tbs: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    tbs_sha256: str = ""
    reserved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Why it was not issued after all: a sentence for people, by its key.
    refused: str = ""

    certificate: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    issued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fetched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    revoked_by: str = ""
    revocation_reason: str = ""

    location: ServiceLocation = Relationship()


class RevocationList(SQLModel, table=True):
    """The newest signed list of an authority."""

    __tablename__ = "revocation_list"

    authority_id: int = Field(foreign_key="certificate_authority.id", primary_key=True)
    number: int
    this_update: datetime = Field(sa_type=UtcDateTime)
    next_update: datetime = Field(sa_type=UtcDateTime)
    der: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class InstallationCode(SQLModel, table=True):
    """The code that fetches keys we made, sent in a letter of its own; we keep its fingerprint."""

    __tablename__ = "installation_code"

    id: int | None = Field(default=None, primary_key=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    code_hash: str
    sent_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    wrong_tries: int = 0
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OwnKey(SQLModel, table=True):
    """A key of ours that an authority certified: it answers OCSP, or signs papers. Sealed.

    As with the places' certificates, the bytes to be signed are on record before they are.
    """

    __tablename__ = "certificate_own_key"

    id: int | None = Field(default=None, primary_key=True)
    authority_id: int = Field(foreign_key="certificate_authority.id", index=True)
    # A `rules.Purpose`.
    purpose: str
    sealed_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    serial: str = Field(unique=True)
    not_before: datetime = Field(sa_type=UtcDateTime)
    not_after: datetime = Field(sa_type=UtcDateTime)
    tbs: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    tbs_sha256: str
    certificate: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class RegistrationPaper(SQLModel, table=True):
    """A registration certificate that was drawn and signed: one for each state of the entry."""

    __tablename__ = "registration_paper"
    __table_args__ = (UniqueConstraint("institution_id", "says"),)

    id: int | None = Field(default=None, primary_key=True)
    institution_id: int = Field(foreign_key="institution.id", index=True)
    # SHA-256 of what stands on it: after a change of names a new one is made.
    says: str
    file_id: UUID
    made_at: datetime = Field(sa_type=UtcDateTime)


class SetUpNote(SQLModel, table=True):
    """What institution or office noted of one thing that a place needs to be connected."""

    __tablename__ = "set_up_note"

    location_id: int = Field(foreign_key="service_location.id", primary_key=True)
    # A key of `rules.SET_UP`.
    item: str = Field(primary_key=True)
    told: str
    noted_by: str
    noted_at: datetime = Field(sa_type=UtcDateTime)
