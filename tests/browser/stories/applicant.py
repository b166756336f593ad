"""An applicant: from the first page to the confirmation, and back later to look."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.stories.visiting import Visitor

PASSPHRASE = "blue kettle rides north"
DOCUMENT = "department_letter"
"""What a public body has to hand in."""
KIND = "PUB"


class Applicant(Visitor):
    """Does everything through the pages; `email` and `reference` are known once given."""

    email = ""
    reference = ""

    def application(self, part: str = "") -> str:
        return f"apply/{self.reference}/{part}"

    def sign_up(self, email: str, name: str = "Chan Tai Man", *, typing: bool = False) -> None:
        """From the first page to an account, its address confirmed by the letter's link."""
        self.email = email
        self.go("")
        self.look("home")
        self.press()
        self.look("sign in")
        self.follow("/sign-up")
        self.look("sign up")
        self.press()
        self.look("sign up with mistakes")
        self.answer({"name": name, "email": email, "passphrase": PASSPHRASE}, typing=typing)
        self.press()
        self.look("look into your mailbox")
        self.open_link_of_letter(email)
        self.look("confirm the address")
        self.press()
        self.look("account is ready")

    def sign_in(self) -> None:
        self.go("account/sign-in")
        self.answer({"email": self.email, "passphrase": PASSPHRASE})
        self.press()
        self.look("my applications")

    def begin(self) -> None:
        """The kind of institution, what it needs, and a draft."""
        self.go("apply/")
        self.follow("/apply/new")
        self.look("kind of institution")
        self.press()
        self.look("kind of institution with a mistake")
        self.answer({"kind": KIND})
        self.press()
        self.look("what you need")
        self.press()
        found = re.search(r"/apply/([0-9A-Z]+)/notices", self.page.url)
        assert found, self.page.url
        self.reference = found[1]

    def read_notices(self) -> None:
        self.look("notices")
        self.press()
        self.look("notices not ticked")
        for tick in self.page.locator('main [name="notice"]').all():
            tick.check()
        self.press()

    def tell_institution(self, answers: dict[str, Any], *, typing: bool = False) -> None:
        self.look("step 1")
        self.press()
        self.look("step 1 with mistakes")
        self.answer(answers, typing=typing)
        self.look("step 1 filled")
        self.press()

    def add_row(self, step: str, answers: dict[str, Any], *, typing: bool = False) -> None:
        """One user or location more; afterwards the list is there."""
        self.look(f"{step}: list")
        self.follow(f"/{step}/new")
        self.look(f"{step}: empty")
        if self.complaints.is_new(step, "asked for nothing", self.lang, self.size, self.javascript):
            self.press()
            self.look(f"{step}: with mistakes")
        self.answer(answers, typing=typing)
        self.press()
        self.look(f"{step}: list with rows")

    def hand_over(self, papers: list[Path]) -> None:
        """Upload, and wait until every file is found clean."""
        self.look("documents")
        chooser = self.page.locator(f"#{DOCUMENT} input[type=file]")
        chooser.set_input_files(papers)
        if not self.javascript:
            self.press(f"#{DOCUMENT} .app-upload button[type=submit]")
        self.await_checks(len(papers))
        self.look("documents, checked")

    def await_checks(self, count: int) -> None:
        clean = self.page.locator(f"#{DOCUMENT} .nhsuk-tag--green")
        if self.javascript:
            # Nobody touches the page: it fetches the state of the files by itself.
            expect(clean).to_have_count(count)
            return
        for _ in range(40):
            if clean.count() == count:
                break
            self.page.wait_for_timeout(500)
            self.page.reload()
        assert clean.count() == count, self.words()

    def review_and_submit(self) -> None:
        self.look("review")
        self.press()
        self.look("review without declaration")
        self.answer({"declaration": "yes"})
        self.press()
        self.look("confirmation")
        assert self.shown_reference() == self.reference

    def shown_reference(self) -> str:
        return re.sub(r"[^0-9A-Z]", "", self.page.inner_text(".app-reference"))

    def fill(self, facilities: Any, papers: list[Path], *, typing: bool = False) -> None:
        """All steps, from the notices to the page before submission."""
        self.read_notices()
        self.tell_institution(facilities.institution(), typing=typing)
        self.add_row("users", facilities.user(), typing=typing)
        self.press()
        for place in facilities.places:
            self.add_row("locations", facilities.location(place), typing=typing)
        self.go(self.application())
        self.look("task list")
        self.follow("/documents")
        self.hand_over(papers)
        self.press()

    def status(self) -> str:
        """The words of the status page."""
        self.go(self.application())
        return self.words()

    def await_status(self, words: str) -> None:
        """Until the work behind the pages is done and the status says so."""
        for _ in range(60):
            if words in self.status():
                return
            self.page.wait_for_timeout(500)
        raise AssertionError(f"{words!r} is not on the status page: {self.words()}")
