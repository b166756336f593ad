"""The straightforward way, as peer of the labels: one `write_pdf` each, everything made anew."""

import io
from base64 import b64encode
from dataclasses import replace

import segno
from weasyprint import HTML

from portal.labels import drawing
from portal.labels.designs import DESIGNS
from portal.labels.faces import LabelFace
from portal.labels.sheets import TEMPLATE, Sheet

FONTS = """
html { font-family: "Noto Sans", "Noto Sans CJK HK"; line-height: 1.4; color: #212b32 }
:lang(zh-Hans) { font-family: "Noto Sans", "Noto Sans CJK SC" } body { margin: 0 }
"""


def write_label(face: LabelFace, sheet: Sheet) -> bytes:
    """The same label as ours on a page of its own size, as the handbook's first example would.

    The system's fonts, the picture of the code as SVG, the whole text in one document.
    """
    alone = replace(sheet, page=sheet.label, across=1, down=1, corner=(0, 0))
    return bytes(HTML(string=_html(face, alone)).write_pdf())


def _html(face: LabelFace, sheet: Sheet) -> str:
    design = DESIGNS[sheet.design]
    fixed = drawing._template(f"{design.key}.html").render(
        check_at=face.check_at, template=TEMPLATE
    )
    label = drawing.page_html([face], sheet).partition("<section")[2].partition("</article>")[0]
    label = label.replace('<img class="x"', '<img hidden class="x"')
    css = (
        f"{FONTS} html {{ font-size: {design.em(sheet):.4f}pt }}"
        f"{drawing.css_of(sheet)}{drawing._style_sheet(f'{design.key}_fixed.css')}"
        ".t p { position: static } [hidden] { display: none }"
    )
    whole = fixed.replace("</body>", f"<section{label}</body>")
    whole = whole.replace("</head>", f"<style>{css}</style></head>")
    mark = drawing.PLACEHOLDER.read_bytes()
    return whole.replace("paper:mark", _inline(mark)).replace(
        f"paper:{face.serial}", _inline(_code(face.url))
    )


def _code(url: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", border=4)
    return drawn.getvalue()


def _inline(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
