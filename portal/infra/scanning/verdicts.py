"""What an examination of a file can end with, and what the person is told."""

from dataclasses import dataclass
from enum import StrEnum

from portal.kernel.text import N_

MEGABYTE = 1 << 20
MAX_BYTES = 25 * MEGABYTE
"""The largest file accepted, as received."""


class Reason(StrEnum):
    """Why a file was refused. Kept with the file's row; the words are in SENTENCES."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    WRONG_TYPE = "wrong_type"
    TYPE_MISMATCH = "type_mismatch"
    ENCRYPTED = "encrypted"
    JAVASCRIPT = "javascript"
    LAUNCH = "launch"
    EMBEDDED = "embedded"
    FORM_SUBMIT = "form_submit"
    XFA = "xfa"
    MULTIMEDIA = "multimedia"
    EXTERNAL_LINK = "external_link"
    BOMB = "bomb"
    POLYGLOT = "polyglot"
    BROKEN = "broken"
    NO_PAGES = "no_pages"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_MANY_PIXELS = "too_many_pixels"
    ANIMATED = "animated"
    TOO_COMPLEX = "too_complex"
    VIRUS = "virus"
    UNREADABLE = "unreadable"


SENTENCES = {
    Reason.EMPTY: N_("The file is empty"),
    Reason.TOO_BIG: N_("The file is larger than 25 MB. Scan it at a lower resolution"),
    Reason.WRONG_TYPE: N_(
        "This kind of file is not accepted. Upload a PDF, JPEG, PNG, TIFF, HEIC or WebP file"
    ),
    Reason.TYPE_MISMATCH: N_(
        "The content of the file does not match the ending of its name."
        " Save it anew as PDF or JPEG and upload that"
    ),
    Reason.ENCRYPTED: N_("The PDF needs a password to open. Save it without a password"),
    Reason.JAVASCRIPT: N_(
        "The PDF contains a script (JavaScript). Print it to a new PDF and upload that"
    ),
    Reason.LAUNCH: N_(
        "The PDF contains a command that starts a program. Print it to a new PDF and upload that"
    ),
    Reason.EMBEDDED: N_(
        "The PDF has other files attached inside it. Upload each of them as a file of its own"
    ),
    Reason.FORM_SUBMIT: N_(
        "The PDF contains a form that sends or fetches data. Print it to a new PDF and upload that"
    ),
    Reason.XFA: N_("The PDF is an interactive form (XFA). Print it to a new PDF and upload that"),
    Reason.MULTIMEDIA: N_(
        "The PDF contains sound, video or 3D content. Print it to a new PDF and upload that"
    ),
    Reason.EXTERNAL_LINK: N_(
        "The PDF contains a link that opens a file or a program."
        " Print it to a new PDF and upload that"
    ),
    Reason.BOMB: N_("The file unpacks to far more data than a document needs"),
    Reason.POLYGLOT: N_("The file has something else hidden in it besides the document"),
    Reason.BROKEN: N_("The file is damaged or incomplete. Please save or scan it again"),
    Reason.NO_PAGES: N_("The PDF has no pages"),
    Reason.TOO_MANY_PAGES: N_("The file has more than 200 pages. Divide it into several files"),
    Reason.TOO_MANY_PIXELS: N_("The picture is too large. Scan it at a lower resolution"),
    Reason.ANIMATED: N_("The picture is animated. Upload a still picture"),
    Reason.TOO_COMPLEX: N_(
        "The PDF is built in too complicated a way. Print it to a new PDF and upload that"
    ),
    Reason.VIRUS: N_("A virus or other harmful content was found in the file"),
    Reason.UNREADABLE: N_("The file could not be read. Please save or scan it again"),
}


class Refusal(Exception):
    """Raised where the examination finds the first thing that speaks against the file."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the examination found.

    `kept` are the bytes to store instead of those received, None to store those as they are;
    `thumbnail` is a small WebP picture. Both are empty in a refusal.
    """

    reason: Reason | None = None
    media_type: str = ""
    kept: bytes | None = None
    thumbnail: bytes = b""

    @property
    def accepted(self) -> bool:
        return self.reason is None
