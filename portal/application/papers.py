"""The PDF copy of an application, in the applicant's language."""

from datetime import date, datetime
from functools import cache
from pathlib import Path

from flask import render_template
from sqlmodel import Session

from portal.application import actions
from portal.cases.models import Case
from portal.infra.files import keep
from portal.infra.i18n import speaking
from portal.infra.printing import write_pdf
from portal.registry.scheme import scheme

SHEET = Path(__file__).resolve().parents[2] / "templates" / "print" / "application.css"


def make_copy(db: Session, case: Case, *, now: datetime) -> None:
    """Make the copy and file it with the case, once."""
    if case.copy_file_id is not None:
        return
    kept = keep(
        db,
        drawn(db, case),
        filename=f"eHealth-{case.reference}.pdf",
        media_type="application/pdf",
        owner=f"case:{case.reference}",
        now=now,
    )
    case.copy_file_id = kept.id
    db.add(case)


def drawn(db: Session, case: Case) -> bytes:
    """The copy as PDF."""
    tables = scheme(date.fromisoformat(case.form_version))
    assert case.submitted_at is not None
    with speaking(case.language):
        html = render_template(
            "print/application.html",
            case=case,
            kind=tables.kind[case.kind],
            blocks=actions.everything(db, case, tables),
            filed=actions.documents(db, case, case.submitted_at),
        )
    return write_pdf(html, css=_css(), lang=case.language)


@cache
def _css() -> str:
    return SHEET.read_text()
