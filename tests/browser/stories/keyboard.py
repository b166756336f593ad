"""An applicant without a mouse: Tab, Space, Enter and the arrows, and the focus always seen."""

from pathlib import Path

from playwright.sync_api import Locator

from tests.browser.looking import focus_trouble
from tests.browser.stories.applicant import DOCUMENT, Applicant
from tests.browser.stories.visiting import MAIN_BUTTON

MOST_STOPS = 150
MOST_CHOICES = 30
HAS_FOCUS = "e => e === document.activeElement"


class KeyboardApplicant(Applicant):
    """Reaches everything from where the focus is, forwards; whatever cannot be reached fails."""

    def reach(self, target: Locator) -> None:
        for _ in range(MOST_STOPS):
            if target.evaluate(HAS_FOCUS):
                return
            self.page.keyboard.press("Tab")
            if trouble := focus_trouble(self.page):
                self.complaints.lines.append(trouble)
        raise AssertionError(f"{self.page.url}: Tab does not lead to {target}")

    def press(self, what: str | Locator = MAIN_BUTTON) -> None:
        target = self.page.locator(what).first if isinstance(what, str) else what
        self.reach(target)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()

    def _answer_one(self, name: str, value: str, typing: bool) -> None:
        asked = self.page.locator(f'main [name="{name}"]')
        kind = asked.first.evaluate("e => e.type")
        if kind == "checkbox":
            self.reach(self.page.locator(f'main [name="{name}"][value="{value}"]'))
            self.page.keyboard.press("Space")
        elif kind in {"radio", "select-one"}:
            self._choose(name, value)
        else:
            self.reach(asked)
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)

    def _choose(self, name: str, value: str) -> None:
        """Tab into the group or the list, then down with the arrow."""
        given = (
            "name => { const e = document.activeElement; if (e.name !== name) return null;"
            " return e.type !== 'radio' || e.checked ? e.value : '' }"
        )
        for _ in range(MOST_STOPS):
            if self.page.evaluate(given, name) is not None:
                break
            self.page.keyboard.press("Tab")
        if self.page.evaluate("document.activeElement.type") == "radio":
            self.page.keyboard.press("Space")
        for _ in range(MOST_CHOICES):
            if self.page.evaluate(given, name) == value:
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{self.page.url}: the arrow does not lead to {name}={value}")

    def hand_over(self, papers: list[Path]) -> None:
        # The browser is told to hand choosers over before the way there, not in a race with Enter.
        with self.page.expect_file_chooser() as opened:
            self.reach(self.page.locator(f"#{DOCUMENT} .nhsuk-file-upload button").first)
            self.page.keyboard.press("Enter")
        opened.value.set_files(papers)
        self.await_checks(len(papers))
