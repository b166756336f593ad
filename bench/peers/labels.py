"""The straightforward way, as peer of the labels: a template of its own and one `write_pdf` each.

Nothing of the portal's drawing is in it: plain blocks one below the other, the system's fonts,
the picture of the code as SVG. The words are the same, which `bench.labels` compares.
"""

import io
from base64 import b64encode
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader
from weasyprint import HTML

from portal.labels.drawing import PLACEHOLDER
from portal.labels.faces import LabelFace
from portal.labels.serials import in_groups
from portal.labels.sheets import TEMPLATE, Sheet

TAGS = {"en": "en", "tc": "zh-Hant-HK", "sc": "zh-Hans"}
PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_label(face: LabelFace, sheet: Sheet) -> bytes:
    """One label on a page of its own size, as the handbook's first example would."""
    return bytes(HTML(string=_html(face, sheet)).write_pdf())


def _html(face: LabelFace, sheet: Sheet) -> str:
    width, height = sheet.label
    return PAGES.get_template("label.html").render(
        face=face,
        tags=TAGS,
        width=width,
        height=height,
        # Small enough for the longest names: nothing is fitted here.
        points=7 if sheet.design == "door" else 3,
        # An adhesive label has no room for all three languages everywhere.
        whole=sheet.design == "door",
        mark=_inline(PLACEHOLDER.read_bytes()),
        code=_inline(_code(face.url)),
        serial=in_groups(face.serial),
        version=TEMPLATE,
    )


def _code(url: str) -> bytes:
    drawn = io.BytesIO()
    segno.make(url, error="m").save(drawn, kind="svg", border=4)
    return drawn.getvalue()


def _inline(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
