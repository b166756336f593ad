"""Places and people for the tests of labels."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlmodel import Session

from portal.infra.guards import May, Who
from portal.registry import actions as registry
from portal.registry.models import ServiceLocation

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
OFFICER = Who(7, "officer@example.hk", "Officer", "en", True, frozenset({May.PRINT_LABELS}))
APPLICANT = Who(8, "a@example.hk", "Applicant", "en", False, frozenset({May.APPLY}))

RARE = "㘭背䃟灣𠝹診所"
"""Extension A, Extension B and HKSCS characters, all of them in Noto."""


def be(app: Flask, who: Who | None) -> None:
    """Every request from now on is `who`'s."""
    app.extensions["who"] = lambda: who


def rows(db: Session, statement: Any) -> list[Any]:
    """What is on record now. The transaction ends, so that on SQLite others may write."""
    db.expire_all()
    found = list(db.scalars(statement))
    db.commit()
    return found


def places(db: Session, count: int = 1, **particulars: str) -> list[ServiceLocation]:
    """An effective institution with that many effective locations."""
    since = NOW - timedelta(days=30)
    owner = registry.enter_institution(
        db, kind="clinic", name_en="Harbour Medical Group", name_tc="海港醫療集團",
        name_sc="海港医疗集团", by="test", now=since,
    )  # fmt: skip
    made = [
        registry.enter_location(
            db,
            owner,
            **{
                "district": "kwun_tong",
                "name_en": f"Harbour Clinic {n}",
                "name_tc": f"海港診所（{n}）",
                "name_sc": f"海港诊所（{n}）",
                "address_en": f"Shop {n}, 1 Harbour Road, Kwun Tong",
                "address_tc": f"觀塘海港道1號{n}號舖",
                "address_sc": f"观塘海港道1号{n}号铺",
                **particulars,
            },
            by="test",
            now=since,
        )
        for n in range(1, count + 1)
    ]
    registry.make_effective(db, owner.id, effective_at=since, by="test", now=since)
    assert all(place.institution for place in made)
    db.commit()
    return made
