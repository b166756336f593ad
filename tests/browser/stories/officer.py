"""A registration officer: invited from the command line, then only through the pages."""

import re
import subprocess
from pathlib import Path

import pyotp
from playwright.sync_api import expect

from tests.browser.stories.applicant import PASSPHRASE
from tests.browser.stories.running import Portal
from tests.browser.stories.visiting import Visitor

EMAIL = "officer@registration.example.org"


class Officer(Visitor):
    """Accepts, watches places connect, prints labels."""

    def take_up_work(self, portal: Portal) -> None:
        """Invitation, passphrase, second step."""
        portal.command(
            "staff", "add", EMAIL, "--name", "Olive Or", "--role", "registration_officer",
            "--language", self.lang,
        )  # fmt: skip
        self.open_link_of_letter(EMAIL)
        self.look("invitation")
        self.answer({"passphrase": PASSPHRASE})
        self.press()
        self.look("passphrase is set")
        self.go("account/sign-in")
        self.answer({"email": EMAIL, "passphrase": PASSPHRASE})
        self.press()
        self.look("second step")
        secret = "".join(self.page.locator(".app-reference").all_inner_texts())
        self.press()
        self.look("second step with a mistake")
        self.answer({"code": pyotp.TOTP(secret).now()})
        # The answer to the form is the page with the recovery codes.
        self.press()
        self.look("recovery codes")
        self.press()
        self.look("queue")

    def open_case(self, name: str) -> None:
        """From the queue, found by a part of its name while typing."""
        self.go("staff/applications/")
        self.page.locator("#q").press_sequentially(name)
        link = self.page.locator("#results td a")
        expect(link).to_have_count(1)
        self.look("queue, searched")
        self.press(link)
        self.look("case")

    def accept(self) -> None:
        self.answer({"decision": "accept"})
        self.press()
        self.look("case, accepted")

    def places(self) -> list[str]:
        """The numbers of the institution's places, from the page about it."""
        self.press('main a[href*="/staff/institutions/"]')
        self.look("institution")
        found = re.findall(r"HSL-[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", self.words())
        self.page.go_back()
        return found

    def await_connected(self, locations: list[str]) -> None:
        """Until the case says of each of these places that it has connected."""
        for _ in range(60):
            self.page.reload()
            if all(f"certificate: {location}" in self.words() for location in locations):
                break
            self.page.wait_for_timeout(500)
        else:
            raise AssertionError(self.words())
        self.look("case, connected")

    def decline_without_reasons(self) -> None:
        self.answer({"decision": "decline"})
        self.press()
        self.look("case, declined without reasons")

    def order_labels(self, sheet: str, *, start: str = "1") -> bytes:
        """All that have none, on `sheet`; the finished PDF."""
        self.go("staff/labels/")
        self.look("labels")
        self.page.locator("[data-ticks-all] button").click()
        self.answer({"sheet": sheet, "start": start})
        self.press("main form[method=post] button[type=submit]:not([name])")
        self.look("labels, preview")
        self.press()
        return self.finished_labels()

    def finished_labels(self) -> bytes:
        """Wait, as the page does, for the batch to be drawn; then fetch it."""
        self.look("labels, in work")
        ready = self.page.locator('#progress-part a[href$="/labels.pdf"]')
        expect(ready).to_be_visible(timeout=90_000)
        self.look("labels, ready")
        answer = self.context.request.get(self.url + (ready.get_attribute("href") or ""))
        assert answer.headers["content-type"] == "application/pdf"
        return answer.body()

    def print_again(self, name: str, reason: str) -> bytes:
        """A new number for the label of the location of that name."""
        self.go("staff/labels/?show=all")
        self.page.locator("#q").press_sequentially(name)
        row = self.page.locator("#results .app-pick")
        expect(row).to_have_count(1)
        self.press(row.locator("a"))
        self.look("labels of a location")
        self.press()
        self.look("labels of a location, without a reason")
        self.answer({"reason": reason})
        self.press()
        self.look("label printed again, preview")
        self.press()
        return self.finished_labels()


def decoded(pdf: bytes, folder: Path) -> list[str]:
    """What a reader of QR codes sees on the paper."""
    pictures = map(str, pictures_of(pdf, folder, dots=200))
    return _run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", *pictures).split()


def pictures_of(pdf: bytes, folder: Path, *, dots: int) -> list[Path]:
    """Each page with so many dots to the inch."""
    paper, pages = folder / "labels.pdf", folder / f"pages-{hash(pdf)}-{dots}"
    paper.write_bytes(pdf)
    pages.mkdir()
    _run("pdftoppm", "-r", str(dots), "-png", str(paper), str(pages / "page"))
    return sorted(pages.iterdir())


def words_on(pdf: bytes, folder: Path) -> str:
    """The text of the paper, as one copies it."""
    paper = folder / "labels.pdf"
    paper.write_bytes(pdf)
    return _run("pdftotext", str(paper), "-")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
