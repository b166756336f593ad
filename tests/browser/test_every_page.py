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
from tests.web.test_access import MAY, address, rules
from tests.web.world import build

pytestmark = pytest.mark.browser

# A letter is shown without scripts of any kind, those of axe among them.
SANDBOXED = {"devmail.html"}
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
            troubles += [f"({lang}, {size[0]} px) {each}" for each in found(window, rule)]
            snap(window, f"{rule.endpoint}-{lang}-{size[0]}")
    keep(looked, looking.PICTURES / f"pages-{lang}-{size[0]}.tsv")
    assert len(looked) > 45
    assert troubles == [], "\n".join(troubles)


def addresses(app, rule: Rule, values: dict[str, str], lang: str) -> Iterator[str]:
    """The addresses of a rule that are opened with GET; steps are pages of one rule."""
    if "GET" not in (rule.methods or ()) or (lang != "en" and "lang" not in rule.arguments):
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


def found(window: Page, rule: Rule) -> Iterator[str]:
    for look in (fits,) if rule.endpoint in SANDBOXED else (fits, axe):
        try:
            look(window)
        except AssertionError as trouble:
            yield f"{rule.endpoint}: {trouble}"


def keep(looked: list[str], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["page\tlanguage\twidth", *looked]) + "\n")
