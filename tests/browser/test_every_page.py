"""Every page there is, from the map of addresses, looked at wide and narrow in three languages.

Two combinations in every run, the other four with `bin/test --long`. Pictures and a list of what
was looked at go to the folder of pictures.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from werkzeug.routing import Rule

from portal.infra.guards import guard_of
from tests.browser import looking
from tests.browser.looking import DESK, TELEPHONE, axe, fits, snap
from tests.web.letters import letters
from tests.web.states import Seen, states
from tests.web.test_access import MAY, address, rules
from tests.web.world import build

pytestmark = pytest.mark.browser

# A letter is shown without scripts of any kind, those of axe among them.
SANDBOXED = {"devmail.html"}
MAIN_BUTTON = "main .nhsuk-button:not(.nhsuk-button--secondary):visible"
STEPS = ["institution", "users", "locations"]
ROLES = ("nobody", "applicant", "supervisor")


def combinations() -> Iterator[object]:
    for lang in ("en", "tc", "sc"):
        for width, height in (DESK, TELEPHONE):
            usual = (lang, width) in {("en", DESK[0]), ("tc", TELEPHONE[0])}
            marks = [] if usual else [pytest.mark.long]
            yield pytest.param(lang, (width, height), id=f"{lang}-{width}", marks=marks)


@pytest.fixture
def clients(app, applicant, supervisor, sign_in):
    return {
        "nobody": app.test_client(),
        "applicant": sign_in(applicant),
        "supervisor": sign_in(supervisor),
    }


@pytest.fixture
def windows(browser, served, clients) -> Iterator[dict[str, Page]]:
    """A window for each role, signed in as its test client is."""
    contexts = {role: browser.new_context(base_url=served) for role in ROLES}
    for role, context in contexts.items():
        context.set_default_timeout(20_000)
        if cookie := clients[role].get_cookie("session"):
            context.add_cookies([{"name": "session", "value": cookie.value, "url": served}])
    yield {role: context.new_page() for role, context in contexts.items()}
    for context in contexts.values():
        context.close()


@pytest.fixture
def world(app, session, sign_in, applicant, stranger, registration_officer):
    return build(app, session, sign_in, applicant, stranger, registration_officer)


@pytest.mark.parametrize(("lang", "size"), list(combinations()))
def test_everybody_can_use_it(app, world, windows, lang, size, monkeypatch):
    monkeypatch.setattr(looking, "PICTURES", looking.PICTURES / "pages")
    looked, troubles = [], []
    for rule in rules(app):
        visits = list(addresses(app, rule, world.own, lang))
        for path in visits:
            window = windows[role_for(app, rule)]
            if "text/html" not in window.request.get(path).headers["content-type"]:
                continue
            window.set_viewport_size({"width": size[0], "height": size[1]})
            window.goto(path)
            looked.append(f"{rule.endpoint}\t{lang}\t{size[0]}")
            troubles += [
                f"({lang}, {size[0]} px) {each}"
                for each in found(window, rule.endpoint, rule.endpoint in SANDBOXED)
            ]
            snap(window, f"{rule.endpoint}-{lang}-{size[0]}")
    keep(looked, looking.PICTURES / f"pages-{lang}-{size[0]}.tsv")
    assert len(looked) > 45
    assert troubles == [], "\n".join(troubles)


def addresses(app, rule: Rule, values: dict[str, str], lang: str) -> Iterator[str]:
    """The addresses of a rule that are opened with GET; steps are pages of one rule."""
    if "GET" not in (rule.methods or ()) or (lang != "en" and "lang" not in rule.arguments):
        return
    if guard_of(app.view_functions[rule.endpoint]) == "connected":
        # Behind nginx alone: looked at by test_certificate.
        return
    for step in steps_of(rule):
        yield address(app, rule, {**values, "lang": lang, "step_key": step})


def steps_of(rule: Rule) -> list[str]:
    """Which steps a rule shows; the row of `World` is one of locations."""
    if "step_key" not in rule.arguments or "row" in rule.arguments:
        return ["locations"]
    return ["users", "locations"] if rule.rule.endswith("/new") else STEPS


def role_for(app, rule: Rule) -> str:
    guard = guard_of(app.view_functions[rule.endpoint])
    return next(role for role in ROLES if guard == "public" or guard in MAY[role])


def found(window: Page, name: str, sandboxed: bool) -> Iterator[str]:
    for look in (fits,) if sandboxed else (fits, axe):
        try:
            look(window)
        except AssertionError as trouble:
            yield f"{name}: {trouble}"


def keep(looked: list[str], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["page\tlanguage\twidth", *looked]) + "\n")


USUAL = [("en", DESK), ("tc", TELEPHONE), ("sc", TELEPHONE)]
SELDOM = [("en", TELEPHONE), ("tc", DESK), ("sc", DESK)]


@pytest.mark.parametrize(
    "ways", [USUAL, pytest.param(SELDOM, marks=pytest.mark.long)], ids=["usual", "seldom"]
)
def test_every_state_can_be_used(
    app, sign_in, applicant, registration_officer, windows, ways, monkeypatch
):
    """What was refused, waits, lapsed or failed, and every letter."""
    monkeypatch.setattr(looking, "PICTURES", looking.PICTURES / "states")
    seen = states(app, sign_in, applicant, registration_officer)
    written = {lang: letters(app, applicant, lang) for lang, _size in ways}
    troubles = [
        f"({lang}, {size[0]} px) {trouble}"
        for lang, size in ways
        for state in [*seen, *written[lang]]
        for trouble in troubles_of(windows[state.role], state, lang, size)
    ]
    assert troubles == [], "\n".join(troubles)


def troubles_of(window: Page, state: Seen, lang: str, size: tuple[int, int]) -> list[str]:
    window.set_viewport_size({"width": size[0], "height": size[1]})
    answer = window.goto(state.path.format(lang=lang))
    if answer is None or answer.status >= 500:
        return [f"{state.name}: no answer"]
    if state.press:
        window.locator(MAIN_BUTTON).last.click()
        window.wait_for_load_state()
    snap(window, f"{state.name}-{lang}-{size[0]}")
    return list(found(window, state.name, state.path.endswith("/html")))
