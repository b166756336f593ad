"""P14: every route, every role, own and foreign things; generated from the map of addresses.

A route that is not spoken of in OBJECTS although its address names a thing fails, as does one
that wears no guard. Foreign things answer exactly as things that do not exist.
"""

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.infra.guards import May, guard_of
from tests.web.world import World, build

OWN, SHARED, LINK, NAMED = "own", "shared", "link", "named"
"""Whose a thing is: one person's; everybody's with the permission; whoever holds the link's;
or no thing at all but a name of ours."""

OBJECTS: dict[str, tuple[str, dict[str, str]]] = {
    "application": (OWN, {}),
    "application.confirmation": (OWN, {"reference": "sent"}),
    "application.copy": (OWN, {"reference": "sent"}),
    "staff": (SHARED, {"reference": "sent", "file_id": "sent_file_id"}),
    "staff.show_institution": (SHARED, {"number": "institution_number"}),
    "staff.consider": (SHARED, {"number": "institution_number"}),
    "staff.act": (SHARED, {"number": "institution_number"}),
    "staff.consider_removal": (SHARED, {"number": "institution_number", "location": "number"}),
    "staff.remove_location": (SHARED, {"number": "institution_number", "location": "number"}),
    "labels": (SHARED, {"reference": "batch"}),
    "support.show": (SHARED, {"reference": "enquiry"}),
    "support.answered": (SHARED, {"reference": "enquiry"}),
    "support.ask_set_up": (OWN, {"reference": "reference_accepted"}),
    "support.send_set_up": (OWN, {"reference": "reference_accepted"}),
    "certificates": (OWN, {"number": "own_institution", "place": "own_place"}),
    "support.sent": (LINK, {"reference": "enquiry"}),
    "registry.institution": (SHARED, {"number": "institution_number"}),
    "registry.location": (SHARED, {}),
    "checks.check": (LINK, {}),
    "devmail": (LINK, {}),
    "pki": (LINK, {"question": "serial"}),
    "papers.registration": (OWN, {"number": "applied_for"}),
    "staff.registration": (SHARED, {"number": "institution_number"}),
    "staff.show_letter": (SHARED, {"mail_id": "returned_mail"}),
    "staff.send_letter": (SHARED, {"mail_id": "returned_mail"}),
    "guidance.notice": (NAMED, {}),
    "accounts.confirm": (LINK, {}),
    "accounts.keep_confirmation": (LINK, {}),
    "accounts.reset": (LINK, {}),
    "accounts.keep_reset": (LINK, {}),
    "accounts.accept": (LINK, {}),
    "accounts.keep_acceptance": (LINK, {}),
    "accounts.typed": (OWN, {}),
}


@pytest.fixture
def clients(app, applicant, stranger, registration_officer, supervisor, sign_in):
    return {
        "nobody": app.test_client(),
        "applicant": sign_in(applicant),
        "stranger": sign_in(stranger),
        "registration_officer": sign_in(registration_officer),
        "supervisor": sign_in(supervisor),
    }


MAY = {
    "nobody": set(),
    "applicant": {May.SIGNED_IN, May.APPLY},
    "stranger": {May.SIGNED_IN, May.APPLY},
    "registration_officer": {
        May.SIGNED_IN, May.REVIEW_APPLICATIONS, May.PRINT_LABELS, May.ANSWER_ENQUIRIES,
        May.CHANGE_REGISTER,
    },
    "supervisor": {
        May.SIGNED_IN, May.REVIEW_APPLICATIONS, May.PRINT_LABELS, May.ANSWER_ENQUIRIES,
        May.CHANGE_REGISTER, May.SEE_JOBS,
    },
}  # fmt: skip
"""Said again here, so that a change of the table of roles does not go unseen."""


@pytest.fixture
def world(app, session, sign_in, applicant, stranger, registration_officer) -> World:
    return build(app, session, sign_in, applicant, stranger, registration_officer)


LEAVING = {"accounts.sign_out", "accounts.end_sessions"}
"""After these a browser is no longer signed in: they have tests of their own."""


def rules(app: Flask) -> list[Rule]:
    return [r for r in app.url_map.iter_rules() if r.endpoint not in {"static", *LEAVING}]


def object_of(rule: Rule) -> tuple[str, dict[str, str]] | None:
    """What OBJECTS says of the things named in an address; None if it names none."""
    named = rule.arguments - {"lang"}
    if not named:
        return None
    said = OBJECTS.get(rule.endpoint) or OBJECTS.get(rule.endpoint.partition(".")[0])
    assert said, f"{rule.endpoint} names {named}: say in OBJECTS whose they are"
    return said


def address(app: Flask, rule: Rule, values: dict[str, str]) -> str:
    renamed = (object_of(rule) or (NAMED, {}))[1]
    filled = {"lang": "en", "token": "no-such-token", **values}
    filled |= {"authority_id": "1", "deed": "suspend"}
    named = {arg: filled.get(renamed.get(arg, arg), "nothing") for arg in rule.arguments}
    with app.test_request_context():
        path = app.url_map.bind("localhost").build(rule.endpoint, named, method=method(rule))
    return path


def method(rule: Rule) -> str:
    return "POST" if "POST" in (rule.methods or ()) else "GET"


def visit(client, rule: Rule, path: str):
    if method(rule) == "GET":
        return client.get(path)
    if not client.token:
        client.get("/en/enquiry")
    return client.post(path, data={})


def test_every_route_says_who_may_open_it(app):
    assert [r.endpoint for r in rules(app) if not guard_of(app.view_functions[r.endpoint])] == []


def test_every_thing_in_an_address_is_spoken_of(app):
    for rule in rules(app):
        object_of(rule)


def test_only_those_with_the_permission_come_in(app, clients, world):
    for rule in rules(app):
        guard = guard_of(app.view_functions[rule.endpoint])
        if guard == "public":
            continue
        for role, client in clients.items():
            answer = visit(client, rule, address(app, rule, world.own))
            if guard == "connected":
                assert answer.status_code == 403, (rule.endpoint, role)
            elif role == "nobody":
                assert answer.status_code == 303, rule.endpoint
                assert "/account/sign-in" in answer.location, rule.endpoint
            elif guard not in MAY[role]:
                assert answer.status_code == 403, (rule.endpoint, role)
            else:
                assert answer.status_code not in {403, 500}, (rule.endpoint, role)


LEADS_ON = {"guidance_root.root", "devmail_short.short", "guidance.check_label", "checks.ask"}
"""Addresses that only lead to another page."""


def test_the_own_things_open(app, clients, world):
    """With GET: what is there is shown to those who may see it."""
    for rule in rules(app):
        guard = guard_of(app.view_functions[rule.endpoint])
        said = object_of(rule)
        if method(rule) == "POST" or (said and said[0] in {LINK, NAMED}):
            continue
        if rule.endpoint == "health.ready" or guard == "connected":
            # Places that are connected have tests of their own: test_connection.
            continue
        roles = ("nobody", "applicant", "supervisor")
        role = next(r for r in roles if guard == "public" or guard in MAY[r])
        answer = visit(clients[role], rule, address(app, rule, world.own))
        asks = rule.endpoint == "application.before" and answer.status_code == 422
        on = rule.endpoint in LEADS_ON or rule.endpoint.startswith("accounts.")
        assert answer.status_code == 200 or asks or (on and answer.status_code in {302, 303}), (
            rule.endpoint, role, answer.status_code,
        )  # fmt: skip


def test_foreign_things_answer_as_if_they_were_not(app, clients, world):
    for rule in rules(app):
        said = object_of(rule)
        if not said or said[0] != OWN:
            continue
        foreign = visit(clients["applicant"], rule, address(app, rule, world.foreign))
        nothing = visit(clients["applicant"], rule, address(app, rule, world.none))
        assert foreign.status_code == nothing.status_code == 404, (
            rule.endpoint, foreign.status_code, nothing.status_code,
        )  # fmt: skip
        assert without_address(foreign.text) == without_address(nothing.text), rule.endpoint


def test_own_and_foreign_parts_do_not_mix(app, clients, world):
    """One's own reference with somebody else's row or file."""
    mixed = {**world.own, "row": world.foreign["row"], "file_id": world.foreign["file_id"]}
    for rule in rules(app):
        said = object_of(rule)
        if said and said[0] == OWN and rule.arguments & {"row", "file_id"}:
            answer = visit(clients["applicant"], rule, address(app, rule, mixed))
            saves_anew = rule.endpoint == "application.save_row"
            expected = {422} if saves_anew else {404}
            assert answer.status_code in expected, (rule.endpoint, answer.status_code)


def test_things_of_the_office_that_are_not_there(app, clients, world):
    for rule in rules(app):
        guard = guard_of(app.view_functions[rule.endpoint])
        said = object_of(rule)
        if guard != "public" and said and said[0] == SHARED:
            answer = visit(clients["supervisor"], rule, address(app, rule, world.none))
            assert answer.status_code == 404, (rule.endpoint, answer.status_code)


def without_address(html: str) -> str:
    """The page without what tells its own address and token."""
    html = re.sub(r'(href|value|content)="[^"]*"', "", html)
    return re.sub(r"[0-9A-Z]{9}|[0-9a-f-]{32,36}", "", html)
