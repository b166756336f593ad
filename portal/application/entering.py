"""Turning the answers of an accepted application into rows of the register."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from portal.application.actions import given
from portal.application.steps import INSTITUTION, LOCATIONS
from portal.cases.models import Case
from portal.cases.queries import answer_to, rows_of
from portal.infra.guards import Who
from portal.kernel.chinese import simplified
from portal.registry.actions import enter_institution, enter_location
from portal.registry.models import Institution
from portal.registry.scheme import Scheme


def enter(db: Session, case: Case, *, by: Who, scheme: Scheme, now: datetime) -> Institution:
    """Number and enter the institution and each of its locations; none is public yet."""
    around = {"tables": scheme, "given": given(case, scheme)}
    saved = answer_to(db, case, INSTITUTION.key)
    assert saved is not None, "only complete applications are accepted"
    told = INSTITUTION.filled(saved.answers, **around).cleaned()
    actor = by.on_record
    institution = enter_institution(
        db, kind=case.kind, phone=told["phone"], by=actor, now=now, **_names(told, "name")
    )
    rows = rows_of(db, case, LOCATIONS.key)
    for form in LOCATIONS.filled_rows((row.answers for row in rows), **around):
        place = form.cleaned()
        enter_location(
            db,
            institution,
            district=place["district"],
            phone=place["phone"],
            registers_patients=bool(place["registers_patients"]),
            by=actor,
            now=now,
            **_names(place, "name"),
            **_names(place, "address"),
        )
    return institution


def _names(told: dict[str, Any], key: str) -> dict[str, Any]:
    """The three languages of `key`; Simplified is converted where it was left empty."""
    traditional = told[f"{key}_tc"]
    return {
        f"{key}_en": told[f"{key}_en"],
        f"{key}_tc": traditional,
        f"{key}_sc": told.get(f"{key}_sc") or simplified(traditional),
    }
