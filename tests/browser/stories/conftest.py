"""A running portal for the stories, and what its people complain of."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.stories.running import Portal, running
from tests.browser.stories.visiting import Complaints, Visitor

Arrive = Callable[..., Visitor]


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Empty at first; each story brings people and institutions of its own."""
    with running(tmp_path_factory.mktemp("story") / "var") as started:
        yield started


@pytest.fixture(scope="session")
def seen() -> set[tuple[object, ...]]:
    """Pages looked at in one story need not be looked at in the next."""
    return set()


@pytest.fixture
def complaints(seen: set[tuple[object, ...]]) -> Iterator[Complaints]:
    """The story fails at its end if anybody had to complain on the way."""
    found = Complaints(seen=seen)
    yield found
    assert found.lines == [], "\n".join(found.lines)


@pytest.fixture
def arrive(browser: Browser, portal: Portal, complaints: Complaints) -> Iterator[Arrive]:
    """Open a browser: `arrive(Applicant, "tc", size=TELEPHONE)`."""
    there: list[Visitor] = []

    def arriving(who: type[Visitor], lang: str = "en", **more: object) -> Visitor:
        there.append(who(browser, portal.url, complaints, lang, **more))  # type: ignore[arg-type]
        return there[-1]

    yield arriving
    for visitor in there:
        visitor.leave()
