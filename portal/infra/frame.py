"""The frame of every page (header, navigation, footer), drawn once and filled for each answer.

It depends on the language, the links and the day; what differs from page to page within that
are the addresses of the language switch, the current link and the token of the sign-out form.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Flask, current_app, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from portal.infra.guards import Who
from portal.infra.i18n import current_lang
from portal.infra.moulds import Mould, slot
from portal.kernel.hktime import hk_date

MOST = 200
"""Frames kept; counts in the navigation make ever new ones."""

_moulds: dict[tuple[object, ...], Mould] = {}


def init_app(app: Flask) -> None:
    _moulds.clear()
    app.jinja_env.globals.update(frame_head=frame_head, frame_foot=frame_foot)


def frame_head(
    languages: Sequence[tuple[str, str, str, str]],
    nav: Sequence[Sequence[Any]],
    who: Who | None,
    demonstration: bool,
    today: datetime | None,
) -> Markup:
    """Everything between a page's title and its contents.

    `languages`: code, name, tag and this page's address; `nav`: label, address and perhaps a
    count each.
    """
    day = hk_date(today) if today and demonstration else None
    shape = ("head", current_lang(), *map(tuple, nav), who is None, demonstration, day)
    mould = _moulds.get(shape) or _drawn(
        shape, "frame/head.html", languages=languages, nav=nav, signed_in=who is not None,
        demonstration=demonstration, today=today,
    )  # fmt: skip
    values = {f"page:{code}": str(escape(address)) for code, _, _, address in languages}
    for link in nav:
        values[f"current:{link[1]}"] = ' aria-current="page"' if link[1] == request.path else ""
    if who is not None:
        values["csrf"] = generate_csrf()
    return Markup(mould.filled(values))


def frame_foot(who: Who | None) -> Markup:
    """Everything below a page's contents."""
    shape = ("foot", current_lang(), who is None)
    mould = _moulds.get(shape) or _drawn(shape, "frame/foot.html", signed_in=who is not None)
    return Markup(mould.filled({}))


def _drawn(shape: tuple[object, ...], template: str, **given: object) -> Mould:
    if len(_moulds) >= MOST:
        _moulds.clear()
    html = current_app.jinja_env.get_template(template).render(slot=slot, **given)
    _moulds[shape] = Mould(html)
    return _moulds[shape]
