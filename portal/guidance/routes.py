"""The public reading pages and the page people arrive at."""

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from portal.cases.documents import Requirement, requirements_for
from portal.cases.notices import acceptable, notices_on
from portal.guidance.content import reading_pages
from portal.infra.clock import now
from portal.infra.guards import Who, public
from portal.infra.i18n import HTML_LANG, current_lang, preferred_lang
from portal.infra.settings import settings
from portal.infra.web import page
from portal.kernel.hktime import hk_date
from portal.kernel.identifiers import normalise
from portal.kernel.problems import NotHere
from portal.kernel.prose import linked
from portal.kernel.text import N_
from portal.registry.scheme import scheme

bp = Blueprint("guidance", __name__)
public_bp = Blueprint("guidance_root", __name__)


def links(_who: Who | None) -> list[tuple[str, str]]:
    """What the header offers."""
    return [
        (N_("How to join"), url_for("guidance.how_to_join")),
        (N_("Questions"), url_for("guidance.questions")),
    ]


@bp.app_template_filter("linked")
def with_addresses(body: Markup) -> Markup:
    """A text's links to pages of the portal, as addresses in the language spoken."""
    return linked(body, url_for)


@public_bp.get("/")
@public
def root() -> ResponseReturnValue:
    """The bare address: on to the home page in the language the browser asks for."""
    response = redirect(url_for("guidance.home", lang=preferred_lang()), 302)
    response.vary.add("Accept-Language")
    return response


@bp.get("/")
@public
def home() -> Response:
    return page("guidance/home.html")


@bp.get("/check-label")
@public
def check_label() -> ResponseReturnValue:
    """On to what a label's code says, for a serial typed by hand. /v/ is what labels print."""
    serial = normalise(request.args.get("serial", ""))
    if not serial:
        return redirect(url_for(".home", _anchor="check-label"), 303)
    return redirect(f"/v/{quote(serial[:40])}", 303)


@bp.get("/how-to-join")
@public
def how_to_join() -> Response:
    return reading("how_to_join", "guidance/how_to_join.html", notices=notices_on(today()))


@bp.get("/who-may-join")
@public
def who_may_join() -> Response:
    tables = scheme(today())
    kinds = [(kind, groups(requirements_for(kind.code, tables.on))) for kind in tables.kinds]
    return reading(
        "who_may_join", "guidance/who_may_join.html", kinds=kinds, professions=tables.professions
    )


@bp.get("/what-you-receive")
@public
def what_you_receive() -> Response:
    return reading("what_you_receive")


@bp.get("/questions")
@public
def questions() -> Response:
    return reading("questions", "guidance/questions.html")


@bp.get("/help")
@public
def help() -> Response:
    return reading("help")


@bp.get("/accessibility")
@public
def accessibility() -> Response:
    return reading("accessibility")


@bp.get("/privacy")
@public
def privacy() -> Response:
    return reading("privacy")


@bp.get("/about-this-portal")
@public
def terms() -> Response:
    return reading("terms")


@bp.get("/notices/<key>")
@public
def notice(key: str) -> Response:
    """A notice as it is in force today, for reading before one applies."""
    found = next((n for n in notices_on(today()) if n.key == key), None)
    if found is None:
        raise NotHere
    return page(
        "guidance/notice.html",
        notice=found,
        shown_here=acceptable(found, production=settings().production),
    )


def reading(key: str, template: str = "guidance/text.html", **context: Any) -> Response:
    """A reading page: its words, its date and its sources."""
    sheet = reading_pages()[key]
    lang = current_lang()
    sources = [(s, s.address_in(lang), HTML_LANG[s.language(lang)]) for s in sheet.sources]
    return page(template, sheet=sheet, prose=sheet.text(lang), sources=sources, **context)


def groups(asked: tuple[Requirement, ...]) -> list[list[Requirement]]:
    """Requirements in order, those of one group of alternatives together."""
    found: dict[str, list[Requirement]] = {}
    for need in asked:
        found.setdefault(need.group or need.document.code, []).append(need)
    return list(found.values())


def today() -> date:
    return hk_date(now())
