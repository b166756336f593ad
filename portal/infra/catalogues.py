"""The catalogues: one PO file per slice and script, merged and compiled into what Babel reads.

A sentence used in two slices may be translated in either; if in both, then alike (a test).
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from portal.kernel.chinese import simplified

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "portal" / "translations"
TRADITIONAL, SIMPLIFIED = "zh_Hant_HK", "zh_Hans_HK"
MERGED = "messages"
KEYWORDS: dict[str, Any] = {
    "_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "Said": None,
}  # fmt: skip
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
OPTIONS = {
    "**.html": {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"},
    "**.txt": {"extensions": "jinja2.ext.i18n", "trimmed": "true", "silent": "false"},
}


def parts(lang: str) -> list[Path]:
    """The slices' catalogues of a language."""
    return sorted((FOLDER / lang / "LC_MESSAGES").glob("*.po"))


def read(path: Path, lang: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=lang)


def merged(lang: str) -> Catalog:
    """All of a language's catalogues as one."""
    whole = Catalog(locale=lang, charset="utf-8")
    for path in parts(lang):
        for message in read(path, lang):
            if message.id and message.string:
                whole.add(message.id, message.string)
    return whole


def compile_all() -> Iterator[str]:
    """Write both languages' compiled catalogues; yields a line about each."""
    for lang in (TRADITIONAL, SIMPLIFIED):
        whole = merged(lang)
        buffer = io.BytesIO()
        write_mo(buffer, whole)
        target = FOLDER / lang / "LC_MESSAGES" / f"{MERGED}.mo"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(buffer.getvalue())
        yield f"{lang}: {len(whole)} sentences"


def used() -> dict[str, set[str]]:
    """Every sentence in the programs and templates, with the files that say it."""
    found: dict[str, set[str]] = {}
    for folder in ("portal", "jobs", "templates"):
        for name, _line, msgid, _comments, _context in extract_from_dir(
            ROOT / folder, METHODS, OPTIONS, KEYWORDS, comment_tags=()
        ):
            for each in msgid if isinstance(msgid, tuple) else (msgid,):
                if each:
                    found.setdefault(each, set()).add(f"{folder}/{name}")
    return found


def missing(part: str = "") -> list[tuple[str, str]]:
    """(language, sentence) of all that is said in files whose path has `part`, untranslated."""
    here = {m for m, files in used().items() if any(part in f for f in files)}
    return [
        (lang, msgid) for lang in (TRADITIONAL, SIMPLIFIED) for msgid in sorted(here - _known(lang))
    ]


def unused(lang: str) -> list[str]:
    """Sentences with a translation that nobody says any more."""
    return sorted(_known(lang) - used().keys())


def _known(lang: str) -> set[str]:
    ids = (m.id for m in merged(lang) if m.id)
    return {each for i in ids for each in ((i,) if isinstance(i, str) else i)}


def draft_simplified(part: str) -> int:
    """Add to the Simplified catalogue of `part` what it lacks; what is there stays."""
    source = read(FOLDER / TRADITIONAL / "LC_MESSAGES" / f"{part}.po", TRADITIONAL)
    path = FOLDER / SIMPLIFIED / "LC_MESSAGES" / f"{part}.po"
    target = read(path, SIMPLIFIED) if path.exists() else Catalog(locale=SIMPLIFIED)
    known = {m.id for m in target if m.string}
    fresh = [m for m in source if m.id and m.string and m.id not in known]
    for message in fresh:
        target.add(message.id, _simplified(message.string))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, target, width=100, omit_header=False, sort_output=True)
    return len(fresh)


def _simplified(text: Any) -> str | list[str]:
    return simplified(text) if isinstance(text, str) else [simplified(each) for each in text]
