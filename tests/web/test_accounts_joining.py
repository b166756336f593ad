"""Signing up: the address is confirmed by a link that works once; nobody learns who has one."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.accounts.actions import joining
from portal.accounts.models import Person, SignUp
from portal.accounts.queries import person_with_email
from portal.infra.audit import AuditEntry
from portal.infra.db import apart
from tests.people import ALICE, enter, letters_to, link_in, sign_in_by_pages

NEW = {
    "name": "Nora Ng",
    "email": "Nora.Ng@Clinic.example.org",
    "language": "tc",
    "passphrase": "seven umbrellas on the tram",
}
WHERE = "/en/account/sign-up"


@pytest.fixture
def form(client):
    client.get(WHERE)

    def send(**changes):
        return client.post(WHERE, data={**NEW, **changes})

    return send


def on_record(app, email):
    with app.app_context(), apart() as db:
        return person_with_email(db, email)


def test_an_account_is_opened_by_the_link_and_the_button_and_then_opens(app, client, form):
    answer = form()
    assert (answer.status_code, answer.location) == (303, "/en/account/sign-up/sent")
    assert "nora.ng@clinic.example.org" in client.get(answer.location).text.lower()
    (letter,) = letters_to(app, "Nora.Ng@clinic.example.org")
    assert letter.template == "confirm_address"
    assert letter.lang == "tc"
    assert "/tc/account/confirm/" in letter.body_text
    page = client.get(link_in(letter))
    assert page.status_code == 200
    assert "Nora Ng" in page.text
    assert on_record(app, NEW["email"]) is None
    done = client.post(link_in(letter))
    assert done.status_code == 303
    assert client.get(done.location).status_code == 200
    person = on_record(app, NEW["email"].upper())
    assert (person.name, person.language, person.role) == ("Nora Ng", "tc", "applicant")
    assert person.passphrase_hash.startswith("$argon2id$")
    answer = client.post(
        "/en/account/sign-in", data={"email": NEW["email"], "passphrase": NEW["passphrase"]}
    )
    assert answer.status_code == 303
    assert "Nora Ng" in client.get("/en/account/").text


def test_a_link_that_is_only_looked_at_stays_good_and_a_used_one_is_over(app, client, form):
    form()
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    for _ in range(3):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert client.post(link).status_code == 303
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410


def same_browser(app, client):
    """One that carries the same cookie: a test client takes one request at a time."""
    with client.session_transaction() as cookie:
        carried = dict(cookie)
    twin = app.test_client()
    with twin.session_transaction() as cookie:
        cookie.update(carried)
    return twin


def test_of_many_presses_at_once_one_opens_the_account(app, client, form):
    form()
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    client.get(link)
    app.config["WTF_CSRF_ENABLED"] = False
    browsers = [same_browser(app, client) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda browser: browser.post(link).status_code, browsers))
    assert sorted(answers) == [303] + [410] * 7


def test_a_link_is_over_after_24_hours(app, client, form):
    form()
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    with app.app_context(), apart() as db:
        asked = db.exec(select(SignUp)).one()
        assert asked.expires_at - asked.created_at == timedelta(hours=24)
        asked.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        db.add(asked)
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert on_record(app, NEW["email"]) is None


def test_another_mail_can_be_asked_for_and_only_its_link_works(app, client, form):
    form()
    first = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    client.get("/en/account/sign-up/sent")
    answer = client.post("/en/account/sign-up/again", data={"email": NEW["email"]})
    assert client.get(answer.location).status_code == 200
    second = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    assert second != first
    assert client.get(first).status_code == 410
    assert client.post(second).status_code == 303


def test_a_known_address_gets_the_same_answer_and_another_mail(app, client, form, applicant):
    new = form()
    seen_by_new = client.get(new.location).text
    known = form(email="alice@CLINIC.example.org")
    assert (known.status_code, known.location) == (new.status_code, new.location)
    seen_by_known = client.get(known.location).text
    # A form's token has the second in it.
    differs = r"(?i)(nora\.ng|alice)@clinic\.example\.org|[\w-]+\.[\w-]+\.[\w-]{27}"
    assert re.sub(differs, "…", seen_by_known) == re.sub(differs, "…", seen_by_new)
    (letter,) = letters_to(app, ALICE.email)
    assert letter.template == "already_registered"
    assert "/confirm/" not in letter.body_text
    assert on_record(app, ALICE.email).name == applicant.name


def test_a_strangers_earlier_sign_up_does_not_choose_the_owners_passphrase(app, client, form):
    form(passphrase="a stranger waits in the rain")
    form()
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    client.post(link)
    given = {"email": NEW["email"], "passphrase": "a stranger waits in the rain"}
    assert client.post("/en/account/sign-in", data=given).status_code == 422


def test_sending_again_never_renews_a_strangers_sign_up(app, client, form):
    """Who signs up with the address after its owner does not choose the passphrase either."""
    form()
    other = app.test_client()
    other.get(WHERE)
    other.post(WHERE, data={**NEW, "passphrase": "a stranger waits in the rain"})
    client.get("/en/account/sign-up/sent")
    client.post("/en/account/sign-up/again", data={"email": NEW["email"]})
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    assert client.post(link).status_code == 303
    given = {"email": NEW["email"], "passphrase": "a stranger waits in the rain"}
    client.get("/en/account/sign-in")
    assert client.post("/en/account/sign-in", data=given).status_code == 422
    given["passphrase"] = NEW["passphrase"]
    assert client.post("/en/account/sign-in", data=given).status_code == 303


def test_without_a_sign_up_of_its_own_a_browser_gets_no_link(app, client, form):
    form()
    first = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    other = app.test_client()
    other.get(WHERE)
    with other.session_transaction() as cookie:
        cookie["sign_up_own"] = "made up"
    answer = other.post("/tc/account/sign-up/again", data={"email": NEW["email"]})
    assert answer.status_code == 303
    letter = letters_to(app, "nora.ng@clinic.example.org") or letters_to(
        app, "Nora.Ng@clinic.example.org"
    )
    assert (letter[0].template, letter[0].lang) == ("no_account", "tc")
    assert client.get(first).status_code == 200


def test_the_cookie_does_not_tell_whether_there_is_an_account(app, client, form, applicant):
    marks = []
    for email in (NEW["email"], ALICE.email):
        form(email=email)
        with client.session_transaction() as cookie:
            marks.append(cookie["sign_up_own"])
    assert len(marks[0]) == len(marks[1])
    assert len(set(marks)) == 2


def test_of_two_links_for_one_address_pressed_at_once_one_opens_an_account(app, client, form):
    form()
    form()
    links = [link_in(each) for each in letters_to(app, "Nora.Ng@clinic.example.org")]
    app.config["WTF_CSRF_ENABLED"] = False
    given = {"passphrase": NEW["passphrase"]}
    with ThreadPoolExecutor(2) as pool:
        posts = pool.map(lambda link: app.test_client().post(link, data=given).status_code, links)
        answers = list(posts)
    assert sorted(answers) == [303, 410]


def test_an_account_opened_a_moment_ago_is_not_an_error(app, client, form, monkeypatch, applicant):
    """Between looking and writing, as PostgreSQL lets two do it."""
    form()
    link = link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0])
    with app.app_context(), apart() as db:
        enter(db, replace(ALICE, email=NEW["email"]))
    monkeypatch.setattr(joining, "person_with_email", lambda _db, _email: None)
    client.get(link)
    assert client.post(link).status_code == 410


def test_of_two_links_for_one_address_only_one_opens_an_account(app, client, form):
    form()
    form()
    second, first = (link_in(each) for each in letters_to(app, "Nora.Ng@clinic.example.org"))
    given = {"passphrase": NEW["passphrase"]}
    assert client.post(first, data=given).status_code == 303
    assert client.post(second, data=given).status_code == 410


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"name": ""}, "name"),
        ({"name": "\u202egnohC"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"email": ""}, "email"),
        ({"email": "nora"}, "email"),
        ({"email": "nora@clinic..hk"}, "email"),
        ({"email": "a@b.hk\x00"}, "email"),
        ({"language": "fr"}, "language"),
        ({"passphrase": ""}, "passphrase"),
        ({"passphrase": "too short"}, "passphrase"),
        ({"passphrase": "Nora Ng of Clinic 1"}, "passphrase"),
        ({"passphrase": "y" * 257}, "passphrase"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_is_kept(app, client, form, changes, at):
    answer = form(**changes)
    assert answer.status_code == 422
    assert f'id="{at}-error"' in answer.text or f'href="#{at}' in answer.text
    if at != "name":
        assert 'value="Nora Ng"' in answer.text
    assert NEW["passphrase"] not in answer.text
    with app.app_context(), apart() as db:
        assert db.exec(select(SignUp)).all() == []
        assert db.exec(select(Person)).all() == []


def test_full_width_addresses_and_spaces_are_forgiven(app, client, form):
    assert form(email=" ｎｏｒａ@clinic.example.org ").status_code == 303
    assert letters_to(app, "nora@clinic.example.org")


def test_nobodys_mailbox_is_flooded(app, client, form):
    answers = [form().status_code for _ in range(7)]
    assert answers == [303] * 5 + [429] * 2
    assert len(letters_to(app, "Nora.Ng@clinic.example.org")) == 5


def test_what_happened_is_on_record_without_name_or_address(app, client, form):
    form()
    client.post(link_in(letters_to(app, "Nora.Ng@clinic.example.org")[0]))
    with app.app_context(), apart() as db:
        entries = db.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [each.action for each in entries] == ["sign_up.asked", "person.signed_up"]
    told = " ".join(f"{e.by} {e.subject} {e.details}" for e in entries).lower()
    assert "nora" not in told
    assert "clinic" not in told


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_every_page_of_joining_stands_in_three_languages(client, lang):
    for page in ("sign-up", "sign-in", "passphrase/forgotten", "signed-out", "confirmed"):
        assert client.get(f"/{lang}/account/{page}").status_code == 200
    assert sign_in_by_pages(client, ALICE).status_code == 422
