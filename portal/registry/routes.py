"""The public register: its search, and an entry for each institution and service location."""

from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, request, url_for

from portal.infra.clock import now
from portal.infra.db import session
from portal.infra.guards import Who, public
from portal.infra.web import page, wants_part
from portal.kernel.hktime import hk_date
from portal.kernel.text import N_
from portal.registry.cards import WORDING, cards
from portal.registry.queries import listed_institution, listed_location, listed_locations
from portal.registry.results import PAGE_SIZE, Results, html_of
from portal.registry.rules import LOCATION, as_number
from portal.registry.scheme import Scheme, any_kind, scheme, source
from portal.registry.search import Asked, Found, Shelf, search, shelf
from portal.registry.tokens import QUERY_LIMIT

bp = Blueprint("registry", __name__, url_prefix="/register")


def links(_who: Who | None) -> list[tuple[str, str]]:
    """What the header offers."""
    return [(N_("Find a provider"), url_for("registry.results"))]


@bp.get("/")
@public
def results() -> Response:
    """Search the register. As a person types, htmx asks for the results block alone."""
    db, moment = session(), now()
    kept = shelf(db, moment)
    tables = scheme(hk_date(moment))
    asked = _asked(tables)
    found = _found(kept, asked, _page_number(), moment)
    rows = cards(db, kept, found.records, tables.district)
    part = wants_part()
    response = make_response(html_of(Results(asked, found, rows, tables), kept, part=part))
    response.vary.add("HX-Request")
    return response


@bp.get("/<number>")
@public
def institution(number: str) -> Response:
    """An institution and its places. A location's number leads on to the location."""
    db, moment = session(), now()
    if number.upper().startswith(LOCATION) and as_number(number, LOCATION):
        return location("", number)
    found = listed_institution(db, number, moment)
    if number != found.number:
        return _permanently(url_for(".institution", number=found.number))
    return page(
        "registry/institution.html",
        institution=found,
        places=listed_locations(db, found, moment),
        kind=any_kind(found.kind),
        source=source(found.source),
        scheme=scheme(hk_date(moment)),
        **WORDING,
    )


@bp.get("/<institution_number>/<number>")
@public
def location(institution_number: str, number: str) -> Response:
    """A service location: where it is, how to reach it, whether it registers patients."""
    moment = now()
    found = listed_location(session(), number, moment)
    owner = found.institution
    if (institution_number, number) != (owner.number, found.number):
        return _permanently(
            url_for(".location", institution_number=owner.number, number=found.number)
        )
    tables = scheme(hk_date(moment))
    return page(
        "registry/location.html",
        location=found,
        institution=owner,
        kind=any_kind(owner.kind),
        district=tables.district.get(found.district),
        source=source(found.source),
        **WORDING,
    )


def _permanently(address: str) -> Response:
    return make_response(redirect(address, 301))


def _asked(tables: Scheme) -> Asked:
    """What the address asks for; choices we do not know are left out."""
    kinds = [code for code in request.args.getlist("kind") if code in tables.kind]
    districts = [code for code in request.args.getlist("district") if code in tables.district]
    return Asked(
        words=request.args.get("q", "").strip()[:QUERY_LIMIT],
        districts=tuple(dict.fromkeys(districts)),
        kinds=tuple(dict.fromkeys(kinds)),
        patients="patients" in request.args,
    )


def _found(kept: Shelf, asked: Asked, number: int, moment: datetime) -> Found:
    """The page asked for, or the last one if there are not so many."""
    db, start = session(), (number - 1) * PAGE_SIZE
    found = search(db, asked, start=start, size=PAGE_SIZE, now=moment, kept=kept)
    if found.records or not found.total:
        return replace(found, start=start if found.records else 0)
    last = (found.total - 1) // PAGE_SIZE * PAGE_SIZE
    return search(db, asked, start=last, size=PAGE_SIZE, now=moment, kept=kept)


def _page_number() -> int:
    given = request.args.get("page", "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 7 else 1
