"""Nothing is left over: no style without an element, no translation without its sentence."""

import re
from pathlib import Path

import pytest

from portal.infra import catalogues

ROOT = Path(__file__).parents[2]


def text_of(*patterns: str) -> str:
    files = [path for pattern in patterns for path in ROOT.glob(pattern)]
    assert files
    return "\n".join(path.read_text() for path in files)


def styled() -> set[str]:
    """Our own classes, and htmx's, in the styles."""
    return set(re.findall(r"\.((?:app|htmx)-[\w-]+)", text_of("static/scss/*.scss")))


def test_every_class_with_a_style_is_on_some_page():
    pages = text_of("templates/**/*.html", "static/js/*.js", "portal/**/*.py")
    # A variant may be put together: class="app-check--{{ answer }}".
    put_together = set(re.findall(r"(app-[\w-]+--)(?!\w)", pages))
    written = set(re.findall(r"app-[\w-]*\w", pages)) | SET_BY_HTMX
    unused = {
        name
        for name in styled() - written
        if not any(name.startswith(beginning) for beginning in put_together)
    }
    assert unused == set()


SET_BY_HTMX = {"htmx-request", "htmx-swapping", "htmx-settling", "htmx-added"}


@pytest.mark.parametrize("lang", [catalogues.TRADITIONAL, catalogues.SIMPLIFIED])
def test_every_translation_is_of_a_sentence_that_is_said(lang):
    assert catalogues.unused(lang) == []


def test_every_promise_that_a_test_names_is_in_the_table_with_that_test():
    promised = {
        row.split("|")[1].strip(): row
        for row in (ROOT / "docs/security.md").read_text().splitlines()
        if row.startswith("| P")
    }
    assert list(promised) == [f"P{number}" for number in range(1, 23)]
    for row in promised.values():
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert all((ROOT / path).is_file() for path in named), row
    for path in (ROOT / "tests").rglob("test_*.py"):
        said = re.match(r'"""[^"]*"""', path.read_text())
        for promise in re.findall(r"\bP\d+\b", said[0] if said else ""):
            assert str(path.relative_to(ROOT)) in promised[promise], (promise, path)


def test_the_map_for_newcomers_has_every_module_of_infra():
    told = (ROOT / "docs/guides/map.md").read_text()
    modules = {path.stem for path in (ROOT / "portal/infra").glob("*.py")} - {"__init__"}
    assert {name for name in modules if f"`{name}`" not in told} == set()
