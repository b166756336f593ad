"""People, their sessions, and what opens the door once: links, codes."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from portal.accounts.rules import Role
from portal.infra.db import UtcDateTime


class Person(SQLModel, table=True):
    """One person with one credential. `email_folded` is what makes an address the same one."""

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    email: str
    email_folded: str = Field(unique=True)
    name: str
    language: str
    role: str = Role.APPLICANT
    # Empty until an invitation is accepted: fits no passphrase.
    passphrase_hash: str = ""
    # Sealed; on record once its first code was proved. `last_totp_step`: no code works twice.
    totp_secret: bytes | None = None
    last_totp_step: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Made up, with a passphrase that everybody knows: production refuses them.
    demonstration: bool = False


class SignInSession(SQLModel, table=True):
    """One browser's sign-in. The cookie has the token, we keep its SHA-256."""

    __tablename__ = "sign_in_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    device: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    second_factor_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SignUp(SQLModel, table=True):
    """An account asked for, until its e-mail address is confirmed by the link (`token_hash`).

    Each has its own passphrase: whoever signs up with a stranger's address before its owner
    does cannot slip a passphrase under the owner's confirmation. To confirm it elsewhere than
    where it was made takes that passphrase.
    """

    __tablename__ = "sign_up"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    email: str
    email_folded: str = Field(index=True)
    name: str
    language: str
    passphrase_hash: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneUseLink(SQLModel, table=True):
    """A link in a mail to a person: "reset" of a passphrase, or "invitation" of staff."""

    __tablename__ = "one_use_link"

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    token_hash: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(SQLModel, table=True):
    """One code that stands in for the second factor, once; we keep its keyed fingerprint."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    code_hash: str
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Tries(SQLModel, table=True):
    """How often something was tried lately. The key is a fingerprint: no address, no e-mail."""

    __tablename__ = "tries"

    key: str = Field(primary_key=True)
    count: int = 0
    last_at: datetime = Field(sa_type=UtcDateTime)


class KeptTyping(SQLModel, table=True):
    """A form sent after its session had ended, sealed, for the same person to send again."""

    __tablename__ = "kept_typing"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    path: str
    sealed: bytes
    files: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
