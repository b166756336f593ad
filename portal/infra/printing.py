"""Papers: one warm WeasyPrint per process, our own fonts, nothing fetched, tagged for readers.

Every paper of the portal comes from `write_pdf`. WeasyPrint and its C libraries are loaded
with the first paper, not with the portal.
"""

import gc
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from portal.infra import fonts
from portal.infra.fonts import FAMILIES
from portal.infra.pdfs import stand_in, with_forms

if TYPE_CHECKING:
    from weasyprint import CSS, Document
    from weasyprint.text.fonts import FontConfiguration

HTML_LANG = {"en": "en", "tc": "zh-Hant-HK", "sc": "zh-Hans"}
VARIANT = "pdf/ua-1"


class CannotPrint(RuntimeError):
    """This machine lacks something printing needs; the sentence says what."""


@dataclass(frozen=True)
class Press:
    """What is set up once: the fonts on record and the sheets already parsed against them."""

    configuration: "FontConfiguration"
    sheets: dict[str, "CSS"]
    # Pango's font maps are not made for several threads at once.
    lock: "threading.RLock"


def write_pdf(
    html: str,
    *,
    css: str = "",
    lang: str,
    images: Mapping[str, bytes] | None = None,
    forms: Mapping[str, bytes] | None = None,
    tagged: bool = True,
) -> bytes:
    """The PDF of `html`, PDF/UA-1 if `tagged`; the root element gets `lang`'s tag.

    Args:
        html: a whole document with a <title>; passages in other languages carry `lang`.
        css: the paper's sheet. It is parsed once per process, so keep it constant.
        lang: "en", "tc" or "sc".
        images: what `<img src="paper:name">` may name: PNG, JPEG or SVG.
        forms: PDFs of one page that `<img src="paper:name">` may name too; drawn as they
            are, once in the file however often they are shown.

    Raises:
        CannotPrint: a library or a font is missing on this machine.
    """
    standing = {name: stand_in(place) for place, name in enumerate(forms or {})}
    with warm().lock, _less_collecting():
        document = lay_out(html, css=css, lang=lang, images={**(images or {}), **standing})
        written: bytes = document.write_pdf(pdf_variant=VARIANT if tagged else None)
        return with_forms(written, list(forms.values())) if forms else written


def lay_out(
    html: str, *, css: str = "", lang: str, images: Mapping[str, bytes] | None = None
) -> "Document":
    """The document before it is written, for whoever wants to measure its boxes."""
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError

    press = warm()
    with press.lock:
        source = HTML(string=_with_lang(html, lang), url_fetcher=_fetcher(images or {}))
        try:
            return source.render(
                font_config=press.configuration,
                stylesheets=[_sheet(press, BASE_CSS), _sheet(press, css)],
            )
        except FatalURLFetchingError as error:
            # Not an Exception by itself: nobody above would expect it.
            raise CannotPrint("a paper names a picture it was not given") from error


@cache
def warm() -> Press:
    """This process's press; call it early where the first paper must not wait.

    Raises:
        CannotPrint: a library or a font is missing on this machine.
    """
    check()
    from weasyprint.text.fonts import FontConfiguration

    logging.getLogger("fontTools").setLevel(logging.WARNING)
    _tell_languages()
    with _own_fonts():
        return Press(FontConfiguration(), {}, threading.RLock())


def check() -> None:
    """Say what is missing before the first paper is asked for.

    Without HarfBuzz's subsetter WeasyPrint falls back to fontTools: 70 times slower.

    Raises:
        CannotPrint: with the sentence for the operator.
    """
    try:
        fonts.build()
        from weasyprint.text import ffi
    except (fonts.FontsMissing, OSError) as error:
        raise CannotPrint(f"labels and papers cannot be printed: {error}") from error
    if ffi.harfbuzz_subset is None:
        raise CannotPrint(
            "labels and papers cannot be printed: install Debian's libharfbuzz-subset0"
        )


@contextmanager
def _own_fonts() -> Iterator[None]:
    """Fontconfig knows our folder alone: the same paper on every machine, found faster."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(fonts.build() / "fonts.conf")
    try:
        yield
    finally:
        if before is None:
            del os.environ["FONTCONFIG_FILE"]
        else:
            os.environ["FONTCONFIG_FILE"] = before


@contextmanager
def _less_collecting() -> Iterator[None]:
    """A page makes ten thousand boxes that all live until its end: looking through them for
    rubbish costs a fifth of the time and finds none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _families(lang: str) -> str:
    return ", ".join(f'"{family}"' for family in FAMILIES[lang])


BASE_CSS = f"""
html {{ font-family: {_families("tc")}; font-size: 10pt; line-height: 1.4; color: #212b32 }}
html:lang(zh-Hans), :lang(zh-Hans) {{ font-family: {_families("sc")} }}
:lang(zh-Hant) {{ font-family: {_families("tc")} }}
:lang(en) {{ font-family: {_families("en")} }}
body {{ margin: 0 }}
p, h1, h2, h3, td, th, li {{ overflow-wrap: anywhere }}
"""


def _sheet(press: Press, css: str) -> "CSS":
    from weasyprint import CSS

    if css not in press.sheets:
        press.sheets[css] = CSS(string=css, font_config=press.configuration)
    return press.sheets[css]


def _with_lang(html: str, lang: str) -> str:
    return html.replace("<html>", f'<html lang="{HTML_LANG[lang]}">', 1)


def _fetcher(images: Mapping[str, bytes]) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnImages(URLFetcher):  # type: ignore[misc, unused-ignore]
        """Answers for the images at hand; whatever else a paper names does not exist."""

        def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
            name = url.removeprefix("paper:")
            if name == url or name not in images:
                raise ValueError("papers load nothing")
            return URLFetcherResponse(url, images[name])

    return OwnImages(allowed_protocols=(), fail_on_errors=True)


def _tell_languages() -> None:
    """Let each tagged passage say its language, which WeasyPrint 70 says for the whole only.

    PDF/UA-1 (7.2) wants changes of language marked: a reader would spell out Chinese else.
    """
    import pydyf
    from weasyprint.pdf import tags

    build = tags._build_box_tree

    def telling(box: Any, *rest: Any) -> Iterator[Any]:
        inner = getattr(box, "_box", box)
        lang = inner.element.get("lang") if inner.element is not None else None
        for element in build(box, *rest):
            if lang and "Lang" not in element:
                element["Lang"] = pydyf.String(lang)
            yield element

    tags._build_box_tree = telling
