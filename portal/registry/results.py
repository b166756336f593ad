"""The results page: its frame drawn once per language and day, filled for each search."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import current_app, render_template, url_for
from flask import session as cookie
from jinja2_fragments.flask import render_block
from markupsafe import Markup, escape

from portal.infra.guards import who_is_there
from portal.infra.i18n import HTML_LANG, LANGS, OWN_NAMES, current_lang, gettext, ngettext
from portal.infra.moulds import Mould, slot
from portal.registry.scheme import Scheme
from portal.registry.search import Asked, Found, Shelf

TEMPLATE = "registry/search.html"
PAGE_SIZE = 20


@dataclass(frozen=True)
class Results:
    """What one search answers: its question, what was found, and the rows to show."""

    asked: Asked
    found: Found
    cards: list[Markup]
    tables: Scheme

    @property
    def page(self) -> int:
        return self.found.start // PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return max(1, -(-self.found.total // PAGE_SIZE))

    @property
    def narrowed(self) -> bool:
        return bool(self.asked.districts or self.asked.kinds or self.asked.patients)

    def choices(self) -> dict[tuple[str, str], tuple[int, bool]]:
        """Every box one can tick, by name and value: how many it leads to, and if it is ticked."""
        found, asked = self.found, self.asked
        districts = {
            ("district", code): (found.districts.get(code, 0), code in asked.districts)
            for code in self.tables.district
        }
        kinds = {
            ("kind", code): (count, code in asked.kinds)
            for code, count in found.kinds.items()
            if code in self.tables.kind
        }
        return {("patients", "yes"): (found.patients, asked.patients), **districts, **kinds}


def html_of(results: Results, kept: Shelf, *, part: bool) -> str:
    """The page, or only its results."""
    shape = (current_lang(), results.tables.on, part, bool(results.cards), results.narrowed)
    plain = part or (who_is_there() is None and "_flashes" not in cookie)
    mould = kept.moulds.get(shape) if plain else None
    if mould is None:
        mould = Mould(_drawn(results, part))
        if plain:
            kept.moulds[shape] = mould
    return mould.filled(_values(results, kept))


def _drawn(results: Results, part: bool) -> str:
    """The template with slots for all that differs between two searches."""
    choices = results.choices()
    draw: Callable[..., str] = render_template
    if part:
        draw = lambda template, **given: render_block(template, "results", **given)  # noqa: E731
    return draw(
        TEMPLATE,
        slot=slot,
        some=bool(results.cards),
        narrowed=results.narrowed,
        scheme=results.tables,
        kinds=[kind for kind in results.tables.kinds if ("kind", kind.code) in choices],
        languages=lambda: [(c, OWN_NAMES[c], HTML_LANG[c], slot(f"page:{c}")) for c in LANGS],
    )


def _values(results: Results, kept: Shelf) -> dict[str, str]:
    asked = results.asked
    here = address(asked)
    values = {
        "words": str(escape(asked.words)),
        "title": str(escape(f"{asked.words} – ")) if asked.words else "",
        "open": " open" if results.narrowed else "",
        "count": ngettext("%(num)s result", "%(num)s results", results.found.total),
        "page": _page_of(results),
        "cards": "".join(results.cards),
        "pages": _pages(results, kept, here),
        "unfiltered": str(escape(address(Asked(asked.words)))) if results.narrowed else "",
    }
    for lang in LANGS:
        values[f"page:{lang}"] = str(escape(_turned(f"/{lang}{here[3:]}", results.page)))
    for (name, code), (count, ticked) in results.choices().items():
        values[f"count:{name}:{code}"] = str(count)
        values[f"ticked:{name}:{code}"] = " checked" if ticked else ""
    return values


def _page_of(results: Results) -> str:
    if results.last == 1:
        return ""
    return gettext("page %(number)s of %(last)s", number=results.page, last=results.last)


def _pages(results: Results, kept: Shelf, here: str) -> str:
    """The links to the other pages, drawn once for each length and place."""
    if results.last == 1:
        return ""
    shape = ("pages", current_lang(), results.page, results.last)
    if (mould := kept.moulds.get(shape)) is None:
        ui: Any = current_app.jinja_env.globals["ui"]
        drawn = ui.pagination(results.page, results.last, lambda number: slot(str(number)))
        mould = kept.moulds[shape] = Mould(str(drawn))
    return mould.filled({each: str(escape(_turned(here, int(each)))) for each in mould.names})


def address(asked: Asked) -> str:
    """The address of these results, the same for everyone, to keep and to send."""
    given = [("q", asked.words)] if asked.words else []
    given += [("district", code) for code in asked.districts]
    given += [("kind", code) for code in asked.kinds]
    given += [("patients", "yes")] if asked.patients else []
    path = url_for("registry.results")
    return f"{path}?{urlencode(given)}" if given else path


def _turned(here: str, number: int) -> str:
    if number == 1:
        return here
    return f"{here}{'&' if '?' in here else '?'}page={number}"
