"""Real institutions to show the portal with: facilities of the Hospital Authority."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from portal.infra.audit import AuditEntry
from portal.infra.settings import settings
from portal.kernel.problems import Refused
from portal.kernel.text import N_
from portal.registry.actions import enter_institution, enter_location, make_effective
from portal.registry.models import Institution

FILE = Path(__file__).with_name("hospital_authority.json")
BY = "demonstration"


def facilities() -> dict[str, Any]:
    """The file: its source's code and, per cluster, an institution with its places."""
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def enter_facilities(db: Session, *, now: datetime) -> int:
    """Enter and make effective what is not yet entered; how many institutions that was.

    Raises:
        Refused: this is the production portal.
    """
    if settings().production:
        raise Refused(N_("The production portal takes no demonstration entries"))
    content = facilities()
    source = content["source"]
    known = set(
        db.exec(select(Institution.external_id).where(col(Institution.source) == source)).all()
    )
    missing = [each for each in content["institutions"] if each["id"] not in known]
    for each in missing:
        _enter(db, each, source, now)
    return len(missing)


def has_facilities(db: Session) -> bool:
    """Whether they were ever entered. Their source alone does not tell: it is a real one."""
    entered = (AuditEntry.action == "institution.entered", AuditEntry.by == BY)
    return db.exec(select(AuditEntry.seq).where(*entered).limit(1)).first() is not None


def _enter(db: Session, given: dict[str, Any], source: str, now: datetime) -> None:
    locations = given.pop("locations")
    own = {"source": source, "external_id": given.pop("id"), "by": BY, "now": now}
    institution = enter_institution(db, **given, **own)
    for location in locations:
        own["external_id"] = location.pop("id")
        enter_location(db, institution, **location, **own)
    assert institution.id is not None
    make_effective(db, institution.id, effective_at=now, by=BY, now=now)
