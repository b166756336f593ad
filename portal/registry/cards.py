"""Rows of results as HTML, drawn once per language and version of the index."""

from collections.abc import Sequence
from typing import Any

from flask import current_app, url_for
from markupsafe import Markup, escape
from sqlmodel import Session

from portal.infra.i18n import HTML_LANG, current_lang
from portal.registry.queries import Row, rows
from portal.registry.scheme import District, any_kind
from portal.registry.search import Shelf

ORDER = {"en": ("en", "tc", "sc"), "tc": ("tc", "sc", "en"), "sc": ("sc", "tc", "en")}
OTHER = {"en": "tc", "tc": "en", "sc": "en"}


def passage(thing: object, name: str) -> Markup:
    """`name` of `thing` in the page's language; in another one it says so with `lang`."""
    text, lang = _chosen(thing, name)
    return escape(text) if lang == current_lang() else _spoken(text, lang)


def other_name(thing: object, name: str = "name") -> Markup:
    """The name in the script the page is not in, English beside Chinese; "" if it has none."""
    lang = OTHER[current_lang()]
    text = getattr(thing, f"{name}_{lang}")
    return _spoken(text, lang) if text and text != _chosen(thing, name)[0] else Markup("")


def _chosen(thing: object, name: str) -> tuple[str, str]:
    """The text to show and the language it is in."""
    for lang in ORDER[current_lang()]:
        if text := getattr(thing, f"{name}_{lang}"):
            return text, lang
    return "", current_lang()


def _spoken(text: str, lang: str) -> Markup:
    return Markup('<span lang="{}">{}</span>').format(HTML_LANG[lang], text)


def cards(
    db: Session, kept: Shelf, records: Sequence[int], districts: dict[str, District]
) -> list[Markup]:
    """One list item per record, in the order given."""
    lang = current_lang()
    if missing := [record for record in records if (lang, record) not in kept.rows]:
        template = current_app.jinja_env.get_template("registry/row.html")
        for record, row in rows(db, missing).items():
            kept.rows[lang, record] = template.render(
                row=row,
                href=address_of(row),
                owner_href=url_for("registry.institution", number=row.owner_number),
                kind=any_kind(row.kind),
                district=districts.get(row.district or ""),
                **WORDING,
            )
    return [Markup(kept.rows[lang, r]) for r in records if (lang, r) in kept.rows]


def address_of(row: Row) -> str:
    """The permanent address of what a row stands for."""
    if row.number is None:
        return url_for("registry.institution", number=row.owner_number)
    return url_for("registry.location", institution_number=row.owner_number, number=row.number)


def phone_link(phone: str) -> Markup:
    """A telephone number one can tap."""
    digits = "".join(c for c in phone if c.isdigit() or c == "+")
    return Markup('<a href="tel:{}">{}</a>').format(digits, phone)


WORDING: dict[str, Any] = {"passage": passage, "other_name": other_name, "phone_link": phone_link}
"""What the register's templates write names and numbers with."""
