"""The table of stored files. Their bytes lie sealed elsewhere; the row says what they are."""

import unicodedata
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from portal.infra.db import UtcDateTime
from portal.infra.scanning.types import STORED_ENDINGS
from portal.infra.scanning.verdicts import SENTENCES, Reason

LONGEST_NAME = 200


class FileState(StrEnum):
    """Where a file is: only CLEAN ones are ever served; the last two have no bytes any more."""

    CHECKING = "checking"
    CLEAN = "clean"
    REFUSED = "refused"
    REMOVED = "removed"


class StoredFile(SQLModel, table=True):
    """A file a person sent, or one we made.

    `size` and `sha256` are of the bytes kept: as received while checking, and afterwards of
    what is served, which for pictures is drawn anew. `received_*` stay as they came.
    """

    __tablename__ = "stored_file"
    __table_args__ = (
        CheckConstraint("state IN ('checking', 'clean', 'refused', 'removed')", name="state"),
        CheckConstraint("(state = 'refused') = (reason <> '')", name="reason"),
        CheckConstraint("(state IN ('checking', 'clean')) = (blob <> '')", name="bytes"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    # What it belongs to, in the words of the slice that keeps it: "case:KF4MR72TX".
    owner: str = Field(index=True)
    # As the person's computer called it, without folders and control characters.
    filename: str
    media_type: str = ""
    size: int = 0
    sha256: str = ""
    received_size: int = 0
    received_sha256: str = ""
    state: str = Field(default=FileState.CHECKING, index=True)
    # Code of the refusal, empty if there is none.
    reason: str = ""
    # Names under which the bytes and the small picture are stored; empty: there are none.
    blob: str = Field(default="", index=True)
    thumbnail_blob: str = Field(default="", index=True)
    # Which key they are sealed under.
    key_id: str = ""
    # How often the scanner did not answer: more than none means that the file waits for it.
    unanswered: int = 0
    received_by: str
    received_at: datetime = Field(sa_type=UtcDateTime)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def problem(self) -> str:
        """Why the file was refused, a sentence to be translated; empty if it was not."""
        return SENTENCES[Reason(self.reason)] if self.reason else ""

    @property
    def waits_for_scanner(self) -> bool:
        return self.state == FileState.CHECKING and self.unanswered > 0

    @property
    def shown_name(self) -> str:
        """The name to serve it under: its ending says what is kept, not what came."""
        ending = STORED_ENDINGS.get(self.media_type, "")
        stem, dot, last = self.filename.rpartition(".")
        if not ending or not dot or f".{last.lower()}" in (ending, ending.replace("jpg", "jpeg")):
            return self.filename if dot or not ending else self.filename + ending
        return stem + ending


def plain_name(filename: str) -> str:
    """A file's name fit to be shown: no folders, no invisible characters, not too long.

    The ending is kept when the rest must be cut.
    """
    last = filename.replace("\\", "/").rpartition("/")[2]
    seen = "".join(c for c in unicodedata.normalize("NFC", last) if _visible(c)).strip()
    stem, dot, ending = seen.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if stem else f"file.{ending}"
    return seen[:LONGEST_NAME] or "file"


def _visible(character: str) -> bool:
    # Controls, bidirectional marks, lone surrogates and private use: none belongs in a name.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
