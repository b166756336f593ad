"""A person at a browser of their own, who looks carefully at every page they come to."""

import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.looking import DESK, PICTURES, axe, fits

MAIN_BUTTON = "main .nhsuk-button:not(.nhsuk-button--secondary):visible"
# Chromium says so of every answer that is no 200, and the stories want some of them.
EXPECTED = re.compile(r"status of (404|409|410|422)")
# State and language of the pages whose pictures stand in the documents.
PICTURED = {
    ("home", "en"): "home",
    ("task list", "en"): "task-list",
    ("step 1", "en"): "step",
    ("documents, checked", "en"): "documents",
    ("review", "tc"): "review",
    ("status, settling", "en"): "status",
    ("case", "en"): "staff-case",
    ("register, results", "tc"): "register-results",
    ("labels, preview", "en"): "label-preview",
    ("label, valid", "tc"): "label-check",
}
expect.set_options(timeout=20_000)


@dataclass
class Complaints:
    """What was found wrong on the way: the story goes on, and fails at its end."""

    lines: list[str] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)

    def is_new(self, *state: object) -> bool:
        fresh = state not in self.seen
        self.seen.add(state)
        return fresh

    def check(self, page: Page, where: str, *, axe_too: bool) -> None:
        for look in (fits, axe) if axe_too else (fits,):
            try:
                look(page)
            except AssertionError as found:
                self.lines.append(f"{where}: {found}")


class Visitor:
    """One browser window. `lang` is the language the person reads."""

    def __init__(
        self, browser: Browser, url: str, complaints: Complaints, lang: str = "en", *,
        size: tuple[int, int] = DESK, javascript: bool = True,
    ) -> None:  # fmt: skip
        self.url, self.lang, self.size = url, lang, size
        self.javascript = javascript
        self.complaints = complaints
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=javascript
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("console", lambda said: self._note(page, said.type, said.text))
        page.on("pageerror", lambda error: self._note(page, "error", str(error)))

    def _note(self, page: Page, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and not EXPECTED.search(text):
            self.complaints.lines.append(f"{page.url}: {text}")

    def new_tab(self) -> Page:
        page = self.context.new_page()
        self._watch(page)
        return page

    def leave(self) -> None:
        self.context.close()

    def go(self, path: str) -> None:
        """By the address bar: `path` is below the language, or begins with a slash."""
        address = path if path.startswith(("/", "http")) else f"/{self.lang}/{path}"
        self.page.goto(address if address.startswith("http") else self.url + address)

    def look(self, state: str) -> None:
        """Once for each state, language and width: does it fit, and can everybody use it?"""
        self.page.wait_for_load_state()
        if self.complaints.is_new(state, self.lang, self.size[0], self.javascript):
            where = f"{state} ({self.lang}, {self.size[0]} px)"
            self.complaints.check(self.page, where, axe_too=self.javascript)
            self._take_picture(state)

    def press(self, what: str | Locator = MAIN_BUTTON) -> None:
        """Press something that leads to another page, and wait for that."""
        target = self.page.locator(what).first if isinstance(what, str) else what
        with self.page.expect_navigation():
            target.click()
        self.page.wait_for_load_state()

    def follow(self, part: str) -> None:
        """Follow the link whose address holds `part`."""
        self.press(f'a[href*="{part}"]:visible')

    def answer(self, answers: Mapping[str, Any], *, typing: bool = False) -> None:
        """Answer questions by name; `typing` key by key, as fingers do."""
        for name, value in answers.items():
            for each in [value] if isinstance(value, str) else value:
                self._answer_one(name, each, typing)

    def _answer_one(self, name: str, value: str, typing: bool) -> None:
        asked = self.page.locator(f'main [name="{name}"]')
        kind = asked.first.evaluate("e => e.type")
        if kind in {"radio", "checkbox"}:
            self.page.locator(f'main [name="{name}"][value="{value}"]').check()
        elif kind == "select-one":
            asked.select_option(value)
        elif typing:
            asked.press_sequentially(value)
        else:
            asked.fill(value)

    def words(self) -> str:
        return self.page.inner_text("main")

    def _take_picture(self, state: str) -> None:
        """For the documents, if pictures are being made: PICTURES names their folder."""
        name = PICTURED.get((state, self.lang))
        if name and self.size == DESK and os.environ.get("PICTURES"):
            keep_small(Image.open(io.BytesIO(self.page.screenshot(full_page=True))), name)

    def letter(self, to: str, *parts: str) -> str:
        """The address of the newest letter to `to` whose subject holds one of `parts`; waits.

        Read where the embedded portal shows its letters.
        """
        tab = self.new_tab()
        row = tab.locator("main tbody tr").filter(has_text=to)
        if parts:
            row = row.filter(has_text=re.compile("|".join(map(re.escape, parts))))
        for _ in range(40):
            tab.goto(f"{self.url}/{self.lang}/dev/mail")
            if row.count():
                break
            tab.wait_for_timeout(500)
        address = row.first.locator("a").get_attribute("href")
        tab.close()
        assert address, f"no letter to {to}"
        return address

    def open_link_of_letter(self, to: str, *parts: str) -> None:
        """Open the letter and the first link in it."""
        self.go(self.letter(to, *parts))
        self.look("letter")
        links: Sequence[Locator] = self.page.locator("main ul a").all()
        self.press(links[0])


def keep_small(taken: Image.Image, name: str) -> None:
    """Keep the upper part with few colours: a page of five screens tells no more than two."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    shown = taken.convert("RGB").crop((0, 0, taken.width, min(taken.height, 2 * DESK[1])))
    shown.quantize(128).save(PICTURES / f"{name}.png", optimize=True)
