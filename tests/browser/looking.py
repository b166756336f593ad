"""Looking at pages in Chromium: accessibility checks and pictures, for every browser test."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--font-render-hinting=none",
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Where pictures go: into the build folder of the tests, or where the documents want them.
PICTURES = Path(os.environ.get("PICTURES", ROOT / "var" / "pictures"))
# Width and height in CSS pixels.
DESK = (1200, 900)
TELEPHONE = (320, 640)


@functools.cache
def axe_source() -> str:
    return AXE.read_text()


def axe(page: Page, *, but: tuple[str, ...] = ()) -> None:
    """Fail on any violation of WCAG 2.2 AA on the page as it stands, naming rule and elements.

    The script is evaluated, not added to the page: the page's own CSP stays in force.
    """
    page.evaluate(axe_source())
    rules = {name: {"enabled": False} for name in but}
    found = page.evaluate(
        "options => axe.run(document, options)",
        {"runOnly": RULES, "rules": {**rules, "target-size": {"enabled": True}}},
    )
    assert found["violations"] == [], "\n".join(_lines(page.url, found["violations"]))


def _lines(url: str, violations: list[dict[str, Any]]) -> Iterator[str]:
    for violation in violations:
        yield f"{url}: {violation['id']}: {violation['help']}"
        for node in violation["nodes"][:5]:
            yield f"    {node['html'][:160]}  {node['failureSummary'][:300]}"


def snap(page: Page, name: str) -> Path:
    """A picture of the whole page, `name`.png."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    return path


def fits(page: Page) -> None:
    """Fail if the page has to be moved sideways to be read (WCAG 1.4.10)."""
    wide = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
                         && !e.closest('.nhsuk-u-visually-hidden, .nhsuk-skip-link'))
            .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""
    )
    width, there = page.evaluate(
        "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert width <= there, f"{page.url} is {width} px wide on {there}: {wide}"


HIDDEN_FOCUS = """() => { const e = document.activeElement;
    if (!e || e === document.body) return '';
    const b = e.getBoundingClientRect();
    if (!b.width || !b.height) return '';
    const at = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2);
    return !at || at === e || e.contains(at) || at.contains(e)
        || at.closest('label')?.control === e ? '' : e.outerHTML.slice(0, 120); }"""

# The design system draws the focus of a box or a round button on its label's ::before.
BARE_FOCUS = """() => { const e = document.activeElement;
    if (!e || e === document.body) return '';
    const drawn = [getComputedStyle(e)];
    for (const label of e.labels ?? []) drawn.push(getComputedStyle(label, '::before'));
    if (e.firstElementChild) drawn.push(getComputedStyle(e.firstElementChild));
    return drawn.some(s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0)
        || s.boxShadow !== 'none') ? '' : e.outerHTML.slice(0, 120); }"""


def focus_trouble(page: Page) -> str:
    """What is wrong with the focus where it is now, or "": covered (2.4.11), not drawn (2.4.7)."""
    if covered := page.evaluate(HIDDEN_FOCUS):
        return f"{page.url}: the focus is on something hidden: {covered}"
    if bare := page.evaluate(BARE_FOCUS):
        return f"{page.url}: nobody sees that this has the focus: {bare}"
    return ""


def focus_is_seen(page: Page, steps: int = 60) -> None:
    """Tab through the page; fail where the focus cannot be seen."""
    for _ in range(steps):
        page.keyboard.press("Tab")
        trouble = focus_trouble(page)
        assert trouble == "", trouble
