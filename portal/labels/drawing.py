"""Draw labels: the one renderer of preview, single label and batch."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from portal.infra.fonts import advance, missing_glyphs
from portal.infra.i18n import HTML_LANG
from portal.infra.printing import write_pdf
from portal.infra.settings import settings
from portal.labels.designs import DESIGNS, passages, sizes_css
from portal.labels.faces import Flaw, LabelFace
from portal.labels.fitting import Fit, Passage, fit
from portal.labels.serials import in_groups
from portal.labels.sheets import TEMPLATE, Sheet, slots

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates" / "print"
PLACEHOLDER = ROOT / "static" / "img" / "ehealth-mark.svg"

QR_MASK = 2
"""Fixed: trying all eight patterns takes longer than drawing the label's text."""

FIXED_WORDS = (
    "醫健通 eHealth. 參與醫護機構. Participating healthcare provider."
    " 掃描核實此標籤. Scan to check this label. Valid only while the page you reach says so."
)
"""Read aloud in place of the part that is the same on all labels."""

PLACES = """
.s, .n, .d { margin: 0 } h1, .t p { margin-bottom: 0; font-weight: 400 } .t { color: #10272b }
.x, .q, .s, .n, .d { position: absolute; line-height: 1.3; white-space: pre }
.x { left: 0; top: 0; width: 100%; height: 100% } .q { image-rendering: pixelated }
"""


class DoesNotFit(ValueError):
    """The location of this number has more text than the sheet has room for: see `flaws`."""


def draw(faces: Sequence[LabelFace], sheet: Sheet, *, start: int = 1) -> bytes:
    """One PDF/UA of `faces` on `sheet`, the first label at position `start` (from 1).

    All pages are in memory until the last is done: cut long runs and merge them.
    """
    images = {face.serial: qr_code(face.url) for face in faces}
    form = fixed_part(sheet, faces[0].check_at, settings().label_mark)
    html = page_html(faces, sheet, start=start)
    return write_pdf(html, css=css_of(sheet), lang="en", images=images, forms={"fixed": form})


def page_html(faces: Sequence[LabelFace], sheet: Sheet, *, start: int = 1) -> str:
    """The whole document of `draw`, before it is laid out."""
    pages: dict[int, list[dict[str, Any]]] = {}
    for face, (page, place) in zip(faces, slots(sheet, len(faces), start), strict=True):
        pages.setdefault(page, []).append(_drawn(face, sheet, place))
    return _template("label_sheet.html").render(
        pages=[pages.get(number, []) for number in range(max(pages, default=0) + 1)],
        fixed_words=FIXED_WORDS,
        numbered=DESIGNS[sheet.design].numbered,
    )


@cache
def fixed_part(sheet: Sheet, check_at: str, chosen_mark: str) -> bytes:
    """What is the same on all labels of `sheet`, a PDF of one page: drawn once a process."""
    design = DESIGNS[sheet.design]
    html = _template(f"{design.key}.html").render(check_at=check_at, template=TEMPLATE)
    css = (
        f"@page {{ size: {sheet.label[0]}mm {sheet.label[1]}mm; margin: 0 }}"
        f"html {{ font-size: {design.em(sheet):.4f}pt }}"
        f"{_style_sheet(f'{design.key}_fixed.css')}"
    )
    mark = _read(chosen_mark or str(PLACEHOLDER))
    return write_pdf(html, css=css, lang="en", images={"mark": mark}, tagged=False)


def flaws(face: LabelFace, sheet: Sheet) -> list[Flaw]:
    """What stands in the way of printing `face`: asked before a batch is ordered."""
    texts = passages(face, DESIGNS[sheet.design])
    unknown = dict.fromkeys(c for p in texts for c in missing_glyphs(p.text, p.lang))
    found = [Flaw(face.number, characters=tuple(unknown))] if unknown else []
    if _fitted(face, sheet) is None:
        found.append(Flaw(face.number, too_long=True))
    return found


def _drawn(face: LabelFace, sheet: Sheet, place: int) -> dict[str, Any]:
    fitted = _fitted(face, sheet)
    if fitted is None:
        raise DoesNotFit(face.number)
    texts, found = fitted
    return {
        "face": face,
        "place": place,
        "texts": [(p, HTML_LANG[p.lang], f"{p.key}{found.step}") for p in texts],
        # Nearly half of what is left goes above, so that few lines stand in the middle.
        "above": round((DESIGNS[sheet.design].box[3] - found.height) * 0.45, 2),
        "serial": in_groups(face.serial),
    }


def _fitted(face: LabelFace, sheet: Sheet) -> tuple[list[Passage], Fit] | None:
    """The texts and their scale; on a crowded label the institution's name is left out."""
    design = DESIGNS[sheet.design]
    everything = passages(face, design)
    for texts in (everything, [p for p in everything if p.role != "institution"]):
        found = fit(
            texts,
            width=design.box[2],
            height=design.box[3],
            smallest=design.smallest / design.em(sheet),
            advance=advance,
        )
        if found is not None:
            return texts, found
    return None


def qr_code(url: str) -> bytes:
    """A PNG of one pixel a module with the quiet zone readers need; read at 15 mm and up."""
    drawn = io.BytesIO()
    segno.make(url, error="m", mask=QR_MASK, micro=False).save(drawn, kind="png", border=4)
    return drawn.getvalue()


@cache
def _read(path: str) -> bytes:
    return Path(path).read_bytes()


@cache
def css_of(sheet: Sheet) -> str:
    """The sheet's style: the design's, at this paper's measures."""
    design = DESIGNS[sheet.design]
    left, top, width, height = design.box
    measures = (
        f"@page {{ size: {sheet.page[0]}mm {sheet.page[1]}mm; margin: 0 }}"
        f"article {{ position: relative; height: {sheet.page[1]}mm; break-after: page }}"
        "article:last-child { break-after: auto }"
        f"section {{ position: absolute; width: {sheet.label[0]}mm; height: {sheet.label[1]}mm;"
        f" font-size: {design.em(sheet):.4f}pt }}"
        f".t {{ position: absolute; left: {left}em; top: {top}em; width: {width}em;"
        f" height: {height}em }}"
    )
    measures += "".join(
        f".p{number} {{ left: {left}mm; top: {top}mm }}"
        for number, (left, top) in enumerate(map(sheet.place, range(sheet.places)))
    )
    return f"{measures}{sizes_css(design)}{PLACES}{_style_sheet(f'{design.key}.css')}"


def _style_sheet(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
