"""Reads a PDF from end to end and refuses what is broken, locked, active or a bomb."""

import io
import re
from collections.abc import Iterator

import pikepdf
import pypdfium2

from portal.infra.scanning.pictures import thumbnail_of
from portal.infra.scanning.streams import Budget
from portal.infra.scanning.types import HEADER_WITHIN, PDF, foreign
from portal.infra.scanning.verdicts import Reason, Refusal, Verdict

MAX_PAGES = 200
MAX_OBJECTS = 200_000
MAX_NESTING = 60
JUNK_WITHIN = 1024
"""So much may stand behind the document's end before it counts as something hidden."""
THUMBNAIL_PIXELS = 320

ACTIONS = {
    "/JavaScript": Reason.JAVASCRIPT,
    "/Launch": Reason.LAUNCH,
    "/SubmitForm": Reason.FORM_SUBMIT,
    "/ImportData": Reason.FORM_SUBMIT,
    "/GoToE": Reason.EMBEDDED,
    "/GoToR": Reason.EXTERNAL_LINK,
    "/Thread": Reason.EXTERNAL_LINK,
    "/Movie": Reason.MULTIMEDIA,
    "/Sound": Reason.MULTIMEDIA,
    "/Rendition": Reason.MULTIMEDIA,
    "/RichMediaExecute": Reason.MULTIMEDIA,
    "/GoTo3DView": Reason.MULTIMEDIA,
}
"""Kinds of action (ISO 32000-1, table 198) that a document for reading does not need."""

KEYS = {
    "/JS": Reason.JAVASCRIPT,
    "/JavaScript": Reason.JAVASCRIPT,
    "/EmbeddedFiles": Reason.EMBEDDED,
    "/EF": Reason.EMBEDDED,
    "/RichMediaContent": Reason.MULTIMEDIA,
    "/XFA": Reason.XFA,
}
SORTS = {
    "/EmbeddedFile": Reason.EMBEDDED,
    "/FileAttachment": Reason.EMBEDDED,
    "/RichMedia": Reason.MULTIMEDIA,
    "/Movie": Reason.MULTIMEDIA,
    "/Sound": Reason.MULTIMEDIA,
    "/Screen": Reason.MULTIMEDIA,
    "/3D": Reason.MULTIMEDIA,
}
"""Values of /Type and /Subtype."""

SAFE_LINKS = ("http://", "https://", "mailto:", "tel:", "#", "www.")


def _find_randomness() -> None:
    """Let the library open its source of randomness, which it needs to unlock a document.

    Once, when this module loads: later, in a confined child, no file can be opened.
    """
    with pikepdf.Pdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(io.BytesIO(), encryption=pikepdf.Encryption(owner="x", user=""))


_find_randomness()


def read(content: bytes, _media_type: str) -> Verdict:
    """The verdict on a PDF.

    Kept as received, except: what stands before the header or behind the end is cut off, and
    a file that was locked against printing or had to be repaired in any place is written anew.

    Raises:
        Refusal: the first thing that speaks against it.
    """
    pikepdf.settings.set_qpdf_limits(
        parser_max_nesting=MAX_NESTING,
        max_stream_filters=8,
        flate_max_memory=Budget.LIMIT,
        run_length_max_memory=Budget.LIMIT,
        png_max_memory=Budget.LIMIT,
        tiff_max_memory=Budget.LIMIT,
        doc_max_warnings=100,
    )
    document = bare_document(content)
    pdf, repaired = opened(document)
    with pdf:
        check_pages(pdf)
        check_objects(pdf)
        # Where the library had to guess, a viewer may guess otherwise: what was checked is kept.
        guessed = repaired or pdf.is_encrypted or bool(pdf.get_warnings())
        rewritten = written_anew(pdf) if guessed else None
    kept = rewritten or (document if document != content else None)
    return Verdict(media_type=PDF, kept=kept, thumbnail=first_page(kept or content))


def bare_document(content: bytes) -> bytes:
    """`content` from its header to its end.

    Raises:
        Refusal: there is no end, or something of its own stands before or behind.
    """
    start = content.index(b"%PDF-", 0, HEADER_WITHIN + 5)
    marks = list(re.finditer(rb"%%EOF", content))
    if not marks:
        raise Refusal(Reason.BROKEN)
    end = marks[-1].end()
    before, behind = content[:start], content[end:]
    if foreign(before) or foreign(behind) or len(behind.strip(b"\0 \t\r\n\f")) > JUNK_WITHIN:
        raise Refusal(Reason.POLYGLOT)
    # White space stays: a signed document's signature counts it.
    return content[start:end] if behind.strip(b"\0 \t\r\n\f") else content[start:]


def opened(document: bytes) -> tuple[pikepdf.Pdf, bool]:
    """The document, and whether it had to be repaired to be read.

    Raises:
        Refusal: it needs a password, or is past repair.
    """
    try:
        try:
            return pikepdf.open(io.BytesIO(document), attempt_recovery=False), False
        except pikepdf.PasswordError:
            raise
        except pikepdf.PdfError:
            return pikepdf.open(io.BytesIO(document)), True
    except pikepdf.PasswordError as error:
        raise Refusal(Reason.ENCRYPTED) from error
    except pikepdf.PdfError as error:
        no_pages = "unable to find any pages" in str(error) or "no pages found" in str(error)
        raise Refusal(Reason.NO_PAGES if no_pages else Reason.BROKEN) from error


def check_pages(pdf: pikepdf.Pdf) -> None:
    try:
        count = len(pdf.pages)
    except (pikepdf.PdfError, RuntimeError, ValueError) as error:
        raise Refusal(Reason.BROKEN) from error
    if count == 0:
        raise Refusal(Reason.NO_PAGES)
    if count > MAX_PAGES:
        raise Refusal(Reason.TOO_MANY_PAGES)


def check_objects(pdf: pikepdf.Pdf) -> None:
    """Look at every object, reachable or not, and unpack every stream.

    Raises:
        Refusal: active content, a bomb, damage, or more than can be looked at.
    """
    if len(pdf.objects) > MAX_OBJECTS:
        raise Refusal(Reason.TOO_COMPLEX)
    budget = Budget()
    try:
        for found in [pdf.trailer, *pdf.objects]:
            for part in parts(found):
                check_dictionary(part)
                if isinstance(part, pikepdf.Stream):
                    budget.unpack(part)
    except pikepdf.PdfError as error:
        raise Refusal(Reason.BROKEN) from error


def parts(found: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """`found` and every dictionary written directly inside it."""
    waiting = [(found, 0)]
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_NESTING:
            raise Refusal(Reason.TOO_COMPLEX)
        if isinstance(part, pikepdf.Array):
            inner = list(part.as_list())
        elif isinstance(part, pikepdf.Dictionary | pikepdf.Stream):
            yield part
            inner = [value for _key, value in part.items()]
        else:
            continue
        waiting += [
            (value, depth + 1)
            for value in inner
            if isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect
        ]


def check_dictionary(part: pikepdf.Object) -> None:
    for key, value in part.items():
        if key in KEYS:
            raise Refusal(KEYS[key])
        if key == "/S" and str(value) in ACTIONS:
            raise Refusal(ACTIONS[str(value)])
        if key in {"/Type", "/Subtype"} and str(value) in SORTS:
            raise Refusal(SORTS[str(value)])
        if key == "/URI" and isinstance(value, pikepdf.String):
            check_link(str(value))


def check_link(address: str) -> None:
    scheme = address.strip().lower()
    if ":" in scheme.partition("/")[0] and not scheme.startswith(SAFE_LINKS):
        raise Refusal(Reason.EXTERNAL_LINK)
    if scheme.startswith("\\\\"):
        raise Refusal(Reason.EXTERNAL_LINK)


def written_anew(pdf: pikepdf.Pdf) -> bytes:
    """The document as we read it: unlocked, with a sound table of contents of its own."""
    written = io.BytesIO()
    pdf.save(written, encryption=False)
    return written.getvalue()


def first_page(document: bytes) -> bytes:
    """The first page as a small WebP picture.

    Raises:
        Refusal: the reader that browsers have cannot show the page.
    """
    try:
        with pypdfium2.PdfDocument(document) as pdf:
            page = pdf[0]
            width, height = page.get_size()
            scale = THUMBNAIL_PIXELS / max(width, height, 1)
            return thumbnail_of(page.render(scale=scale).to_pil())
    except pypdfium2.PdfiumError as error:
        raise Refusal(Reason.BROKEN) from error
