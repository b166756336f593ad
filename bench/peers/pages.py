"""The register's results page the straightforward way: LIKE, ORM objects, one template.

Every word must occur in a name or an address; names and addresses of all languages are looked
through; the institution's name counts for its places. Total and counts per district and
kind are asked of the database, and each row asks for its institution.
"""

from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request
from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from portal.infra.clock import now
from portal.infra.db import session
from portal.infra.guards import public
from portal.kernel.hktime import hk_date
from portal.registry.models import Institution, ServiceLocation
from portal.registry.scheme import scheme

SIZE = 20

bp = Blueprint(
    "plain_register", __name__, url_prefix="/<lang:lang>/plain", template_folder="templates"
)


@bp.get("/")
@public
def results() -> Response:
    """The page of the words `q`."""
    db, moment = session(), now()
    where = conditions(request.args.get("q", ""), moment)
    wanted = (
        select(ServiceLocation)
        .join(Institution)
        .where(*where)
        .order_by(col(Institution.name_en), col(ServiceLocation.id))
        .limit(SIZE)
    )
    html = render_template(
        "plain_results.html",
        places=db.scalars(wanted).all(),
        total=db.scalar(select(func.count()).select_from(_of(where))),
        districts=dict(_counts(db, where, col(ServiceLocation.district))),
        kinds=dict(_counts(db, where, col(Institution.kind))),
        scheme=scheme(hk_date(moment)),
    )
    return make_response(html)


def numbers(db: Session, words: str, moment: datetime) -> set[str]:
    """The numbers of all places found, to compare with ours."""
    wanted = select(col(ServiceLocation.number)).join(Institution)
    return set(db.scalars(wanted.where(*conditions(words, moment))))


def conditions(words: str, moment: datetime) -> list[ColumnElement[bool]]:
    texts = [
        col(getattr(table, f"{what}_{lang}"))
        for table, what in (
            (ServiceLocation, "name"),
            (ServiceLocation, "address"),
            (Institution, "name"),
        )
        for lang in ("en", "tc", "sc")
    ]
    effective = [
        (col(table.effective_at) <= moment)
        & or_(col(table.ended_at).is_(None), col(table.ended_at) > moment)
        for table in (Institution, ServiceLocation)
    ]
    return effective + [or_(*(text.ilike(f"%{w}%") for text in texts)) for w in words.split()]


def _of(where: list[ColumnElement[bool]]) -> object:
    return select(col(ServiceLocation.id)).join(Institution).where(*where).subquery()


def _counts(db: Session, where: list[ColumnElement[bool]], column: object) -> object:
    wanted = select(column, func.count()).select_from(ServiceLocation).join(Institution)  # type: ignore[call-overload]
    return [tuple(row) for row in db.execute(wanted.where(*where).group_by(column))]
