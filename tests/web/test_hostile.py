"""P18, P19: forged addresses and forms are no error; identities stay out of logs.

What people type into the questions, and what becomes of it: test_odd_text.py.
"""

import json
import logging
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import structlog
from flask import request
from werkzeug.routing import IntegerConverter, Rule

from portal.accounts.models import Person
from portal.infra import logs
from portal.infra.guards import guard_of
from tests.applying import Applicant, soundly
from tests.people import SignIn

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "strings"


@pytest.fixture
def applying(applicant: Person, sign_in: SignIn) -> Applicant:
    return Applicant(sign_in(applicant)).begin("CLG")


def test_naughty_strings_never_break_a_page(applying):
    if not SHARED.is_dir():
        pytest.skip("../shared is absent")
    strings = json.loads((SHARED / "blns.json").read_text())
    for text in strings:
        form = {**soundly("institution"), "authorised_name": text, "name_tc": text, "later": "yes"}
        answer = applying.save("institution", form)
        assert answer.status_code in {303, 422}, text
        search = applying.client.get(
            "/en/register/", query_string={"q": text.encode("utf-8", "ignore")}
        )
        assert search.status_code == 200, text
        label = applying.client.get("/v/" + re.sub(r"[^\w ]", "", text)[:50])
        assert label.status_code in {200, 303, 404, 429}, text


@pytest.mark.parametrize("revision", ["", "-1", "abc", "９９", "1e9", "9" * 30])
def test_a_forged_revision_is_no_error(applying, revision):
    form = {**soundly("institution"), "revision": revision}
    answer = applying.client.post(f"{applying.path}/institution", data=form)
    assert answer.status_code in {303, 404, 409}


@pytest.mark.parametrize(
    "path",
    [
        "/en/register/?page=abc",
        "/en/register/?page=-5&district=%00&kind=zz",
        "/en/register/%00",
        "/en/apply/%F0%9F%98%80/",
        "/en/apply/before?kind=%00",
        "/xx/",
        "/en/staff/applications/?queue=%00&q=%00",
        "/v/%00",
        "/v/" + "A" * 3000,
    ],
)
def test_forged_addresses_are_no_error(applying, path):
    assert applying.client.get(path).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/en/staff/applications/?queue=%00&q=a%00",
        "/en/staff/applications/%00/",
        "/en/staff/labels/?q=a%00&district=%00",
        "/en/staff/labels/locations/%00/",
        "/en/staff/labels/batches/%00/",
        "/en/enquiries/%00",
    ],
)
def test_forged_addresses_of_the_office_are_no_error(registration_officer, sign_in, path):
    assert sign_in(registration_officer).get(path).status_code in {200, 400, 404}


@pytest.mark.parametrize("part", ["users/%00", "notices/%00"])
def test_forged_parts_of_an_application_are_no_error(applying, part):
    assert applying.client.get(f"{applying.path}/{part}").status_code in {400, 404}


FOR_PROGRAMS = [
    "endpoint", "values", "lang", "self", "reference", "token", "serial", "number", "name",
    "_anchor", "_scheme", "_method", "_external", "_flashes", "__class__", "a b&c", "é蔡",
]  # fmt: skip
"""Names that a page might mistake for its own when it makes an address from what was asked."""


def public_pages(app) -> list[str]:
    """Every page open to all, whether or not what it names is there."""
    rules = [r for r in app.url_map.iter_rules() if "GET" in r.methods]
    rules = [r for r in rules if guard_of(app.view_functions[r.endpoint]) == "public"]
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        return [urls.build(r.endpoint, {a: said_for(r, a) for a in r.arguments}) for r in rules]


def said_for(rule: Rule, argument: str) -> str:
    if isinstance(rule._converters[argument], IntegerConverter):
        return "7"
    return "tc" if argument == "lang" else "nothing"


def test_no_name_of_a_parameter_breaks_a_public_page(app, client):
    pages = public_pages(app)
    assert len(pages) > 15
    for path in pages:
        for name in FOR_PROGRAMS:
            answer = client.get(path, query_string={name: "x"}, headers={"Host": "evil.example"})
            assert answer.status_code != 500, (path, name)
            assert "evil.example" not in answer.text, (path, name)


def test_the_other_languages_keep_what_was_asked(client):
    page = client.get("/en/account/sign-in?endpoint=x&a=1&a=2&_external=1").text
    assert 'href="/tc/account/sign-in?endpoint=x&amp;a=1&amp;a=2&amp;_external=1"' in page


SHOWN = ["Z683365(0)", "z683365(0)", "Z683365 (0)", "Z 683-365 ( 0 )", "Ｚ６８３３６５（０）"]
ANY_WIDTH = re.compile(r"683\W*365|６８３\W*３６５")


@pytest.fixture
def logged(applying, capsys):
    """What reaches the log while somebody types an identity number where it does not belong."""

    def typed() -> str:
        logs.configure()  # From here on to the standard error that is looked at.
        for text in SHOWN:
            applying.save("institution", {**soundly("institution"), "authorised_name": text})
            applying.save("institution", {"phone": text, "name_en": text})
            applying.client.get("/en/register/", query_string={"q": text})
            applying.client.get(f"/en/register/{text}")
            applying.client.get(f"/v/{text}")
        return capsys.readouterr().err

    return typed


def test_nobody_logs_what_was_typed(logged, monkeypatch):
    """In any field, in a search, in an address: even without the filter."""
    monkeypatch.setattr(logs, "without_identities", lambda _logger, _name, event: event)
    lines = logged()
    assert "portal.web" in lines
    assert not [line for line in lines.splitlines() if ANY_WIDTH.search(line)]


def test_no_identity_number_in_the_logs(app, logged):
    """A library that logs all it is given: the filter strikes the numbers out."""

    def careless(response):
        told = [unquote(request.full_path), *request.values.values()]
        logging.getLogger("a.library").warning("asked for %s", told)
        structlog.get_logger("a.part.of.ours").warning("asked", told=told, path=told[0])
        return response

    app.after_request_funcs.setdefault(None, []).append(careless)
    lines = logged()
    assert "[identity]" in lines
    assert "a.library" in lines
    assert "a.part.of.ours" in lines
    assert not [line for line in lines.splitlines() if ANY_WIDTH.search(line)]
