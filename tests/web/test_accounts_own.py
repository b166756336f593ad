"""One's own account: particulars, passphrase with and without the old one, letters about it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.accounts.models import OneUseLink, Person
from portal.infra.audit import AuditEntry, broken_at
from portal.infra.db import apart
from tests.people import ALICE, OLIVE, enter, letters_to, link_in, sign_in_by_pages

FORGOTTEN = "/en/account/passphrase/forgotten"
CHANGE = "/en/account/passphrase"
NEW = "paper lantern under water"


def actions(app):
    with app.app_context(), apart() as db:
        assert broken_at(db) is None
        return [each.action for each in db.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()]


def opens_with(app, passphrase, someone=ALICE):
    client = app.test_client()
    client.get("/en/account/sign-in")
    given = {"email": someone.email, "passphrase": passphrase}
    return client.post("/en/account/sign-in", data=given).status_code == 303


def asked(app, client, email=ALICE.email):
    client.get(FORGOTTEN)
    answer = client.post(FORGOTTEN, data={"email": email})
    assert client.get(answer.location).status_code == 200
    return letters_to(app, email)[0]


def test_name_and_language_can_be_changed(app, applicant, sign_in):
    client = sign_in(applicant)
    client.get("/en/account/particulars")
    given = {"name": "Alice Au Yeung", "language": "sc"}
    answer = client.post("/en/account/particulars", data=given)
    assert "Your particulars are saved" in client.get(answer.location).text
    with app.app_context(), apart() as db:
        person = db.get_one(Person, applicant.id)
    assert (person.name, person.language) == ("Alice Au Yeung", "sc")
    assert client.post("/en/account/particulars", data={"name": ""}).status_code == 422
    assert "person.particulars_changed" in actions(app)


def test_changing_the_passphrase_ends_all_other_sessions(app, applicant, sign_in):
    here, there = sign_in(applicant), sign_in(applicant)
    here.get(CHANGE)
    given = {"present_passphrase": ALICE.passphrase, "new_passphrase": NEW}
    answer = here.post(CHANGE, data=given)
    assert answer.status_code == 303
    assert "Your passphrase is changed" in here.get(answer.location).text
    assert there.get("/en/account/").status_code == 303
    assert opens_with(app, NEW)
    assert not opens_with(app, ALICE.passphrase)
    assert letters_to(app, ALICE.email)[0].template == "passphrase_changed"
    assert "person.passphrase_changed" in actions(app)


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"present_passphrase": "not this one at all", "new_passphrase": NEW}, "present"),
        ({"present_passphrase": "", "new_passphrase": NEW}, "present"),
        ({"present_passphrase": ALICE.passphrase, "new_passphrase": "Alice Au 12345"}, "new"),
        ({"present_passphrase": ALICE.passphrase, "new_passphrase": ""}, "new"),
    ],
)
def test_a_passphrase_is_not_changed_without_the_old_one_or_to_a_weak_one(
    app, applicant, sign_in, given, at
):
    client = sign_in(applicant)
    client.get(CHANGE)
    answer = client.post(CHANGE, data=given)
    assert answer.status_code == 422
    assert f'id="{at}_passphrase-error"' in answer.text
    assert opens_with(app, ALICE.passphrase)


def test_guessing_the_old_passphrase_at_an_open_screen_slows_down(applicant, sign_in):
    client = sign_in(applicant)
    client.get(CHANGE)
    given = {"present_passphrase": "not this one at all", "new_passphrase": NEW}
    assert [client.post(CHANGE, data=given).status_code for _ in range(7)] == [422] * 6 + [429]


def test_a_forgotten_passphrase_is_replaced_by_a_link_that_works_once(
    app, client, applicant, sign_in
):
    there = sign_in(applicant)
    letter = asked(app, client)
    assert letter.template == "reset_passphrase"
    link = link_in(letter)
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200
    assert client.post(link, data={"passphrase": "Alice Au 12345"}).status_code == 422
    assert client.post(link, data={"passphrase": NEW}).status_code == 303
    assert client.get(link).status_code == 410
    assert client.post(link, data={"passphrase": "four ladders and a melon"}).status_code == 410
    assert opens_with(app, NEW)
    assert there.get("/en/account/").status_code == 303
    assert letters_to(app, ALICE.email)[0].template == "passphrase_changed"


def test_nobody_learns_from_the_answer_who_has_an_account(app, client, applicant):
    client.get(FORGOTTEN)
    known = client.post(FORGOTTEN, data={"email": ALICE.email})
    unknown = client.post(FORGOTTEN, data={"email": "nobody@example.org"})
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert letters_to(app, "nobody@example.org")[0].template == "no_account"


def test_a_newer_link_or_a_day_ends_the_older(app, client, applicant):
    first = link_in(asked(app, client))
    second = link_in(asked(app, client))
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200
    with app.app_context(), apart() as db:
        for row in db.exec(select(OneUseLink)).all():
            assert row.expires_at - row.created_at == timedelta(hours=24)
            row.expires_at = datetime.now(UTC)
            db.add(row)
    assert client.get(second).status_code == 410
    assert client.post(second, data={"passphrase": NEW}).status_code == 410


def test_a_link_of_one_kind_opens_no_other_door(app, client, applicant):
    token = link_in(asked(app, client)).rpartition("/")[2]
    assert client.get(f"/en/account/invitation/{token}").status_code == 410
    assert (
        client.post(f"/en/account/invitation/{token}", data={"passphrase": NEW}).status_code == 410
    )
    assert client.get(f"/en/account/confirm/{token}").status_code == 410


def test_a_disabled_persons_link_is_dead(app, client, applicant):
    link = link_in(asked(app, client))
    with app.app_context(), apart() as db:
        person = db.get_one(Person, applicant.id)
        person.disabled_at = datetime.now(UTC)
        db.add(person)
    assert client.post(link, data={"passphrase": NEW}).status_code == 410
    assert asked(app, client).template == "no_account"


def test_a_new_passphrase_does_not_pass_the_second_step(app, client, registration_officer):
    link = link_in(asked(app, client, OLIVE.email))
    client.post(link, data={"passphrase": NEW})
    client.get("/en/account/sign-in")
    given = {"email": OLIVE.email, "passphrase": NEW}
    answer = client.post("/en/account/sign-in", data=given)
    assert answer.location == "/en/account/sign-in/code"


def test_a_link_is_made_with_the_portals_own_address_whatever_the_host_header(app, client):
    with app.app_context(), apart() as db:
        enter(db, ALICE)
    app.config["WTF_CSRF_ENABLED"] = False
    headers = {"Host": "elsewhere.example"}
    client.post(FORGOTTEN, data={"email": ALICE.email}, headers=headers)
    letter = letters_to(app, ALICE.email)[0]
    assert "elsewhere" not in letter.body_text + letter.body_html
    assert "http://localhost:8000/en/account/passphrase/new/" in letter.body_text


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_letters_are_in_their_persons_language(app, client, lang):
    with app.app_context(), apart() as db:
        enter(db, ALICE, language=lang)
    letter = asked(app, client)
    assert letter.lang == lang
    assert f"/{lang}/account/passphrase/new/" in letter.body_text
    assert client.get(link_in(letter)).status_code == 200
    assert sign_in_by_pages(client, ALICE).status_code == 303
