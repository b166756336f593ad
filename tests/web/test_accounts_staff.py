"""Members of staff are invited and disabled from the command line; made-up people exist."""

import json

import pytest
from click.testing import CliRunner
from sqlmodel import select

from portal.accounts import demonstration
from portal.accounts.commands import staff
from portal.accounts.models import Person
from portal.infra.audit import AuditEntry
from portal.infra.db import apart
from portal.infra.settings import use_settings
from portal.kernel.problems import NotHere, Refused
from tests.people import ALICE, OLIVE, Someone, letters_to, link_in, sign_in_by_pages

WORDS = "quiet harbour morning tea"


@pytest.fixture
def run(app):
    def run(*words):
        with app.app_context():
            done = CliRunner().invoke(staff, words)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def invite(run, email="olga@registration.example.org"):
    done = run("add", email, "--name", "Olga O", "--role", "registration_officer")
    assert done.exit_code == 0, done.output
    return email


def test_an_invitation_leads_to_a_passphrase_a_second_step_and_work(app, client, run):
    email = invite(run)
    (letter,) = letters_to(app, email)
    assert letter.template == "staff_invitation"
    link = link_in(letter)
    assert client.get(link).status_code == 200
    assert client.post(link, data={"passphrase": "olga@registration"}).status_code == 422
    assert client.post(link, data={"passphrase": WORDS}).status_code == 303
    assert client.post(link, data={"passphrase": WORDS}).status_code == 410
    answer = sign_in_by_pages(client, Someone(email, "Olga O", passphrase=WORDS))
    assert answer.location == "/en/account/second-step"


def test_nobody_signs_in_before_the_invitation_is_accepted(app, client, run):
    email = invite(run)
    for passphrase in ("", WORDS):
        answer = sign_in_by_pages(client, Someone(email, "Olga O", passphrase=passphrase))
        assert answer.status_code == 422


def test_inviting_again_sends_a_fresh_link_until_it_is_accepted(app, client, run):
    email = invite(run)
    invite(run)
    second, first = (link_in(each) for each in letters_to(app, email))
    assert client.get(first).status_code == 410
    client.get(second)
    client.post(second, data={"passphrase": WORDS})
    with pytest.raises(Refused):
        invite(run)


def test_an_applicants_address_cannot_become_staff(run, applicant):
    with pytest.raises(Refused):
        invite(run, ALICE.email)


def test_wrong_usage_is_refused(run):
    assert run("add", "not an address", "--name", "X", "--role", "supervisor").exit_code == 2
    assert run("add", "a@b.hk", "--name", "X", "--role", "applicant").exit_code == 2
    with pytest.raises(NotHere):
        run("disable", "nobody@example.org")


def test_disabling_ends_sessions_at_once(app, run, registration_officer, sign_in):
    client = sign_in(registration_officer)
    assert client.get("/en/account/").status_code == 200
    run("disable", OLIVE.email)
    assert client.get("/en/account/").status_code == 303
    assert sign_in_by_pages(app.test_client(), OLIVE).status_code == 422


def test_a_lost_telephone_is_forgotten_on_request(app, run, registration_officer, sign_in):
    client = sign_in(registration_officer)
    run("reset-second-step", OLIVE.email)
    assert client.get("/en/account/").status_code == 303
    answer = sign_in_by_pages(
        app.test_client(), Someone(OLIVE.email, OLIVE.name, passphrase=OLIVE.passphrase)
    )
    assert answer.location == "/en/account/second-step"


def test_the_list_says_where_everybody_stands(run, applicant, registration_officer, supervisor):
    email = invite(run)
    run("disable", OLIVE.email)
    rows = {row["email"]: row for row in json.loads(run("list", "--json").output)}
    assert ALICE.email not in rows
    assert rows[OLIVE.email]["state"] == "disabled"
    assert rows[email] == {
        "email": email,
        "name": "Olga O",
        "role": "registration_officer",
        "second_step": False,
        "state": "invited",
    }
    assert OLIVE.email in run("list").output


def test_what_the_operator_does_is_on_record(app, run, registration_officer):
    run("disable", OLIVE.email)
    with app.app_context(), apart() as db:
        entry = db.exec(select(AuditEntry)).one()
    assert (entry.by, entry.action) == ("operator", "person.disabled")
    assert entry.subject == f"person:{registration_officer.id}"


def test_made_up_people_sign_in_with_what_the_command_prints(app):
    with app.app_context():
        with apart() as db:
            assert len(demonstration.load(db, demonstration.real_now())) == 5
        with apart() as db:
            assert demonstration.load(db, demonstration.real_now()) == []
        people = demonstration.people()
    assert {each.role for each in people} == {"applicant", "registration_officer", "supervisor"}
    for each in people:
        assert each.email.endswith("@example.org")
        client = app.test_client()
        client.get("/en/account/sign-in")
        given = {"email": each.email, "passphrase": each.passphrase}
        answer = client.post("/en/account/sign-in", data=given)
        if each.code:
            client.get(answer.location)
            answer = client.post("/en/account/sign-in/code", data={"code": each.code})
        begins = "/en/apply/" if each.role == "applicant" else "/en/staff/applications/"
        assert answer.location == begins
        assert client.get("/en/account/").status_code == 200


def test_production_has_no_made_up_people(app, portal_settings):
    use_settings(portal_settings.model_copy(update={"production": True}))
    with app.app_context(), apart() as db:
        with pytest.raises(Refused):
            demonstration.load(db, demonstration.real_now())
        with pytest.raises(Refused):
            demonstration.people()
        assert db.exec(select(Person)).all() == []
