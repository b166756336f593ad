"""The PDF copy of an application, in the applicant's language."""

import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import pikepdf
from flask import render_template
from sqlmodel import Session

from portal.application.progress import filed
from portal.application.reading import Block, everything
from portal.cases.models import Case
from portal.infra.files import keep
from portal.infra.i18n import speaking
from portal.infra.pdfs import merged
from portal.infra.printing import write_pdf
from portal.registry.scheme import scheme

SHEET = Path(__file__).resolve().parents[2] / "templates" / "print" / "application.css"

PORTION = 20
"""Users or locations drawn in one go: beyond it a row's time and memory grow, and labels that
wait for the same press wait longer."""


def copy_portions(db: Session, case: Case) -> list[str]:
    """The copy as documents to be drawn one after the other, all that the database is asked."""
    tables = scheme(case.begun_on)
    around = {"case": case, "kind": tables.kind[case.kind], "filed": filed(db, case)}
    portions = list(_portions(everything(db, case, tables)))
    with speaking(case.language):
        return [
            render_template(
                "print/application.html",
                blocks=portion,
                first=number == 0,
                last=number == len(portions) - 1,
                **around,
            )
            for number, portion in enumerate(portions)
        ]


def _portions(blocks: Sequence[Block]) -> Iterator[Sequence[Block]]:
    for start in range(0, len(blocks), PORTION):
        yield blocks[start : start + PORTION]


def drawn(portions: Sequence[str], lang: str, report: Callable[[int], None]) -> bytes:
    """The copy as PDF; `report` is told after each portion how many are drawn.

    The press is let go between two portions.
    """
    documents: list[bytes] = []
    pages = 0
    for html in portions:
        documents.append(write_pdf(_counted_from(html, pages), css=_css(), lang=lang))
        pages += _pages_of(documents[-1])
        report(len(documents))
    return merged(documents) if len(documents) > 1 else documents[0]


def file_copy(db: Session, case: Case, content: bytes, *, now: datetime) -> None:
    """Keep the finished copy with its case."""
    kept = keep(
        db,
        content,
        filename=f"eHealth-{case.reference}.pdf",
        media_type="application/pdf",
        owner=f"case:{case.reference}",
        now=now,
    )
    case.copy_file_id = kept.id
    db.add(case)


def _counted_from(html: str, pages: int) -> str:
    """`html` with its pages numbered after `pages` others."""
    rule = f"<style>@page :first {{ counter-reset: page {pages + 1} }}</style>"
    return html.replace("</head>", f"{rule}</head>", 1) if pages else html


def _pages_of(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)


@cache
def _css() -> str:
    return SHEET.read_text()
