"""Three languages: the address's prefix chooses, pages and mails are spoken in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request, url_for
from werkzeug.routing import BaseConverter

from portal.kernel.hktime import HKT, hk_date
from portal.kernel.identifiers import grouped
from portal.kernel.text import Said

TRANSLATIONS = Path(__file__).resolve().parents[1] / "translations"
LANGS = ("en", "tc", "sc")
LOCALES = {"en": "en", "tc": "zh_Hant_HK", "sc": "zh_Hans_HK"}
HTML_LANG = {"en": "en", "tc": "zh-Hant-HK", "sc": "zh-Hans"}
OWN_NAMES = {"en": "English", "tc": "繁體", "sc": "简体"}
DATES = {"en": "d MMMM y", "tc": "y年M月d日", "sc": "y年M月d日"}
MOMENTS = {"en": "d MMMM y, HH:mm", "tc": "y年M月d日 HH:mm", "sc": "y年M月d日 HH:mm"}


class LangConverter(BaseConverter):
    """`/<lang:lang>/…` in an address."""

    regex = "en|tc|sc"


def init_app(app: Flask) -> None:
    app.url_map.converters["lang"] = LangConverter
    app.url_value_preprocessor(_take_lang)
    app.url_defaults(_give_lang)
    app.jinja_env.globals.update(
        say=say,
        local=local,
        current_lang=current_lang,
        html_lang=html_lang,
        languages=languages,
        front_pages=front_pages,
    )
    app.jinja_env.filters.update(
        hkdate=hkdate, hkdatetime=hkdatetime, last_day=last_day, reference=grouped
    )
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda text: catalogue().gettext(text),
        ngettext=lambda one, many, count: catalogue().ngettext(one, many, count),
        newstyle=True,
    )


def catalogue() -> NullTranslations:
    """The compiled catalogue of the current language."""
    return _catalogue(current_lang())


@cache
def _catalogue(lang: str) -> NullTranslations:
    # English is what the programs are written in.
    found: NullTranslations = Translations.load(TRANSLATIONS, [LOCALES[lang]])
    return NullTranslations() if lang == "en" else found


def gettext(text: str, **values: object) -> str:
    """`text` in the current language, with `values` in their places."""
    said: str = catalogue().gettext(text)
    return said % values if values else said


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The sentence that fits `num`, in the current language; `num` is among the values."""
    said: str = catalogue().ngettext(one, many, num)
    return said % {"num": num, **values}


def _take_lang(_endpoint: str | None, values: dict[str, object] | None) -> None:
    if values and "lang" in values:
        g.lang = values.pop("lang")


def _give_lang(endpoint: str, values: dict[str, object]) -> None:
    if "lang" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = current_lang()


def current_lang() -> str:
    """ "en", "tc" or "sc": of the mail being written, the address, or the browser's wish."""
    spoken: str = g.get("speaking") or g.get("lang") or ""
    return spoken or (_asked_lang() if has_request_context() else "en")


def _asked_lang() -> str:
    """Of an address that leads nowhere, or of one without a language."""
    first = request.path[1:].partition("/")[0]
    return first if first in LANGS else preferred_lang()


def preferred_lang() -> str:
    """What the browser's Accept-Language asks for; English if none of ours."""
    for wish, _quality in request.accept_languages:
        tag = wish.lower()
        if tag.startswith("en"):
            return "en"
        if tag.startswith("zh"):
            simplified = "hans" in tag or tag in {"zh", "zh-cn", "zh-sg"}
            return "sc" if simplified else "tc"
    return "en"


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Inside this block everything said is in `lang`: for mails and papers."""
    before = g.get("speaking")
    g.speaking = lang
    try:
        yield
    finally:
        g.speaking = before


def say(message: object) -> str:
    """`message` in the current language: a sentence, a Said, a date, a trilingual name."""
    if isinstance(message, Said):
        values = {key: _part(value) for key, value in message.values.items()}
        return gettext(message.msgid, **values)
    if isinstance(message, str):
        return gettext(message) if message else ""
    return str(_part(message))


def _part(value: object) -> object:
    """A value inside a sentence. A plain str is somebody's own words and stays as it is."""
    if isinstance(value, Said):
        return say(value)
    if isinstance(value, datetime | date):
        return hkdate(value)
    return local(value, "name") if hasattr(value, "name_en") else value


def local(thing: object, name: str) -> str:
    """`thing.name_en`, `_tc` or `_sc` by language; another language rather than nothing."""
    lang = current_lang()
    order = {"en": ("en", "tc", "sc"), "tc": ("tc", "sc", "en"), "sc": ("sc", "tc", "en")}[lang]
    said = (_read(thing, f"{name}_{code}") for code in order)
    return next((text for text in said if text), "")


def _read(thing: object, key: str) -> str:
    found = thing.get(key) if isinstance(thing, dict) else getattr(thing, key, "")
    return str(found or "")


def html_lang() -> str:
    return HTML_LANG[current_lang()]


def languages() -> list[tuple[str, str, str, str]]:
    """Code, own name, lang attribute and this page's address, for each language."""
    return [(code, OWN_NAMES[code], HTML_LANG[code], _same_page(code)) for code in LANGS]


def _same_page(lang: str) -> str:
    if request.url_rule is None or "lang" not in request.url_rule.arguments:
        return f"/{lang}/"
    here = url_for(request.endpoint or "", **(request.view_args or {}), lang=lang)
    # What was asked never goes through url_for, which takes some names for its own (_external).
    asked = list(request.args.items(multi=True)) if request.method == "GET" else []
    return f"{here}?{urlencode(asked)}" if asked else here


def front_pages() -> list[tuple[str, str, str, str]]:
    """As `languages`, but each leads to its front page: for pages about a fault of ours."""
    return [(code, OWN_NAMES[code], HTML_LANG[code], f"/{code}/") for code in LANGS]


def hkdate(day: date | datetime | None) -> str:
    """A Hong Kong date in words. Instants are turned into the day in Hong Kong."""
    if isinstance(day, datetime):
        day = hk_date(day)
    return format_date(day, DATES[current_lang()], LOCALES[current_lang()]) if day else ""


def hkdatetime(instant: datetime | None) -> str:
    """A Hong Kong date and time, 24 hours."""
    lang = current_lang()
    return format_datetime(instant, MOMENTS[lang], HKT, LOCALES[lang]) if instant else ""


def last_day(deadline: datetime) -> str:
    """The last day before a deadline, which is an instant at the end of that day."""
    return hkdate(deadline - timedelta(seconds=1))
