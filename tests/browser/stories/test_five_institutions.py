"""From an empty database to a label's QR code: five real institutions, three languages."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from PIL import Image
from playwright.sync_api import expect

from portal.kernel.identifiers import grouped
from tests.browser.stories.applicant import Applicant
from tests.browser.stories.connecting import connect_all
from tests.browser.stories.facilities import FIVE, Facilities, facilities, papers
from tests.browser.stories.officer import Officer, decoded, pictures_of, words_on
from tests.browser.stories.running import Portal, running
from tests.browser.stories.visiting import Visitor, keep_small

pytestmark = [pytest.mark.browser, pytest.mark.alone]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """One whose database is empty."""
    with running(tmp_path / "var") as started:
        yield started


REGISTERED = {"en": "has been effective since", "tc": "起生效", "sc": "起生效"}
GENUINE, VOID = "This label is genuine and valid today", "This label is no longer valid"


def test_from_the_first_page_to_the_code_on_the_label(arrive, portal, tmp_path):
    five = [facilities(*each) for each in FIVE]
    visitor = arrive(Visitor, "tc")
    visitor.go("register/")
    visitor.look("register, empty")
    applicants = [apply(arrive(Applicant, each.lang), each, tmp_path) for each in five]
    officer = arrive(Officer, "en")
    officer.take_up_work(portal)
    for applicant, each in zip(applicants, five, strict=True):
        decide(officer, applicant, each, portal, tmp_path)
    nobody_is_listed_yet(visitor, five[0])
    portal.command("demo", "advance", "15d")
    for applicant in applicants:
        applicant.await_status(REGISTERED[applicant.lang])
        applicant.look("status, registered")
    for each in five:
        find(arrive(Visitor, each.lang), each)
    labels(officer, arrive(Visitor, "tc"), five, tmp_path)


def apply(applicant: Applicant, own: Facilities, folder: Path) -> Applicant:
    """The first of them types every key; all act through the pages alone."""
    typing = own.key == FIVE[0][0]
    applicant.sign_up(own.email, typing=typing)
    applicant.sign_in()
    applicant.begin()
    applicant.fill(own, papers(folder), typing=typing)
    applicant.review_and_submit()
    applicant.press()
    applicant.look("status, submitted")
    applicant.go(applicant.application("confirmation"))
    assert applicant.shown_reference() == applicant.reference
    applicant.letter(own.email, grouped(applicant.reference))
    return applicant


def decide(
    officer: Officer, applicant: Applicant, own: Facilities, portal: Portal, folder: Path
) -> None:
    """Accepted; then every place connects with its certificate, and the 14 days run."""
    officer.open_case(own.own["name_en"][19:])
    officer.decline_without_reasons()
    officer.accept()
    places = officer.places()
    assert len(places) == len(own.places)
    connect_all(portal, places, folder)
    officer.await_connected(places)
    applicant.look("my applications")
    applicant.go(applicant.application())
    applicant.look("status, settling")


def nobody_is_listed_yet(visitor: Visitor, own: Facilities) -> None:
    visitor.go(f"register/?q={own.places[0]['name_tc'][:3]}")
    expect(visitor.page.locator(".app-results li")).to_have_count(0)
    visitor.look("register, nothing found")


def find(visitor: Visitor, own: Facilities) -> None:
    """By parts of the Traditional and Simplified name and address, as one types."""
    place = own.places[-1]
    shown = place[f"name_{visitor.lang}"]
    visitor.go("")
    visitor.follow("/register/")
    entry = visitor.page.locator(".app-results h3 a").filter(has_text=shown)
    type_sought(visitor, "醫院")
    visitor.look("register, results")
    for key in ("name_tc", "name_sc", "address_tc", "address_sc", "name_en"):
        part = beginning_within(place[key]) if key == "name_en" else place[key][2:9]
        type_sought(visitor, part)
        expect(entry.first, f"{part} finds {shown}").to_be_visible()
    visitor.press(entry.first)
    visitor.look("entry of a location")
    assert place[f"address_{visitor.lang}"] in visitor.words()
    visitor.press('main dl a[href*="/register/"]')
    visitor.look("entry of an institution")


def beginning_within(name: str) -> str:
    """Words within an English name, the last one not typed to its end."""
    return " ".join(name.split()[-2:])[:-2]


def type_sought(visitor: Visitor, part: str) -> None:
    """Type it, and wait until what is shown is what was found for it."""
    visitor.page.locator("#q").fill("")
    visitor.page.locator("#q").press_sequentially(part)
    expect(visitor.page).to_have_url(re.compile(re.escape(f"q={quote_plus(part)}") + "(&|$)"))
    expect(visitor.page.locator(".htmx-request")).to_have_count(0)


def labels(officer: Officer, finder: Visitor, five: list[Facilities], folder: Path) -> None:
    """Printed on sheets, scanned, checked; printed anew, and the old one is void."""
    printed = officer.order_labels("a4-10", start="3")
    codes = decoded(printed, folder)
    places = [place for own in five for place in own.places]
    assert len(set(codes)) == len(places) == len(codes)
    text = "".join(words_on(printed, folder).split())
    assert [p["name_tc"] for p in places if "".join(p["name_tc"].split()) not in text] == []
    by_place = {place_told(finder, code, places): code for code in codes}
    assert len(by_place) == len(places)
    finder.look("label, valid")
    keep_sheet(printed, folder)
    again(officer, finder, places[0]["name_en"], by_place, folder)


def keep_sheet(pdf: bytes, folder: Path) -> None:
    """A picture of the first sheet, if pictures are being made."""
    if os.environ.get("PICTURES"):
        drawn = pictures_of(pdf, folder, dots=100)
        keep_small(Image.open(drawn[0]), "label-sheet")


def place_told(finder: Visitor, code: str, places: list[dict[str, str]]) -> str:
    """Which place the page of a code names: exactly one, and that the label is genuine."""
    finder.go(code)
    words = finder.words()
    assert GENUINE in words, words
    [name] = [p["name_en"] for p in places if p["name_en"] in words and p["address_tc"] in words]
    return name


def again(
    officer: Officer, finder: Visitor, name: str, by_place: dict[str, str], folder: Path
) -> None:
    [new] = decoded(officer.print_again(name, "damaged"), folder)
    assert new not in by_place.values()
    finder.go(by_place[name])
    assert VOID in finder.words()
    finder.look("label, void")
    finder.go(new)
    assert GENUINE in finder.words()
