"""Signing in: one sentence for all that is wrong, waits that grow, nobody sent elsewhere."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlmodel import select

from portal.accounts.hashing import fits, hashed
from portal.accounts.models import Person, SignInSession, Tries
from portal.accounts.routes import arriving
from portal.infra.audit import AuditEntry
from portal.infra.db import apart
from portal.infra.settings import use_settings
from tests.people import ALICE, CHARLIE, OLIVE, enter, sign_in_by_pages

WHERE = "/en/account/sign-in"


def changed(app, person, **columns):
    with app.app_context(), apart() as db:
        there = db.get_one(Person, person.id)
        for name, value in columns.items():
            setattr(there, name, value)
        db.add(there)


def sentences(answer):
    """What the error summary says."""
    return answer.text.partition("nhsuk-error-summary__list")[2].partition("</ul>")[0]


def test_wrong_unknown_disabled_and_invited_are_told_the_same(app, client, applicant, stranger):
    changed(app, stranger, disabled_at=datetime.now(UTC))
    with app.app_context(), apart() as db:
        enter(db, OLIVE, passphrase_hash="", confirmed_at=None, totp_secret=None)
    client.get(WHERE)
    tries = [
        {"email": ALICE.email, "passphrase": "not this one at all"},
        {"email": "nobody@example.org", "passphrase": ALICE.passphrase},
        {"email": "not an address", "passphrase": ALICE.passphrase},
        {"email": CHARLIE.email, "passphrase": CHARLIE.passphrase},
        {"email": OLIVE.email, "passphrase": OLIVE.passphrase},
    ]
    answers = [client.post(WHERE, data=given) for given in tries]
    assert {answer.status_code for answer in answers} == {422}
    assert len({sentences(answer) for answer in answers}) == 1
    assert "passphrase is not right" in sentences(answers[0])
    assert ALICE.email in answers[0].text


def test_letter_case_and_width_of_the_address_do_not_matter(client, applicant):
    client.get(WHERE)
    given = {"email": " ＡＬＩＣＥ@Clinic.Example.org ", "passphrase": ALICE.passphrase}
    assert client.post(WHERE, data=given).status_code == 303


def test_an_unknown_account_takes_as_long_as_a_known_one(app, portal_settings, client):
    """With a cost that shows in the time; the figure itself is bench signin's."""
    use_settings(portal_settings.model_copy(update={"argon2_memory": 32768, "argon2_passes": 3}))
    with app.app_context(), apart() as db:
        enter(db, ALICE)
    client.get(WHERE)

    def took(email):
        began = time.perf_counter()
        answer = client.post(WHERE, data={"email": email, "passphrase": "surely not this one"})
        assert answer.status_code == 422
        return time.perf_counter() - began

    took("warm@example.org")
    known = min(took(ALICE.email) for _ in range(3))
    unknown = min(took("nobody@example.org") for _ in range(3))
    assert 0.5 < unknown / known < 2


def test_after_some_wrong_tries_the_account_waits_even_for_the_right_passphrase(app, applicant):
    wrong = {"email": ALICE.email, "passphrase": "not this one at all"}
    right = {"email": ALICE.email, "passphrase": ALICE.passphrase}
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        client = app.test_client()
        client.get(WHERE)
        assert [client.post(WHERE, data=wrong).status_code for _ in range(7)] == [422] * 6 + [429]
        held = client.post(WHERE, data=right)
        assert held.status_code == 429
        assert held.headers["Retry-After"] == "2"
        assert "Wait 2 seconds" in held.text
        clock.shift(timedelta(seconds=2))
        assert client.post(WHERE, data=right).status_code == 303


def test_guessing_for_days_never_locks_the_owner_out_for_longer_than_minutes(app, applicant):
    wrong = {"email": ALICE.email, "passphrase": "not this one at all"}
    right = {"email": ALICE.email, "passphrase": ALICE.passphrase}
    with app.app_context(), time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as at:
        client = app.test_client()
        client.get(WHERE)
        for _ in range(40):
            client.post(WHERE, data=wrong)
            at.shift(timedelta(seconds=301))
        assert client.post(WHERE, data=right).status_code == 303


def test_an_account_that_is_not_there_waits_just_the_same(client, applicant):
    client.get(WHERE)

    def states(email):
        given = {"email": email, "passphrase": "not this one at all"}
        return [client.post(WHERE, data=given).status_code for _ in range(8)]

    assert states("nobody@example.org") == states(ALICE.email)


def test_one_network_address_cannot_go_through_many_accounts(app, client, applicant):
    client.get(WHERE)
    states = [
        client.post(WHERE, data={"email": f"n{n}@example.org", "passphrase": "x"}).status_code
        for n in range(53)
    ]
    assert states == [422] * 51 + [429] * 2
    right = {"email": ALICE.email, "passphrase": ALICE.passphrase}
    assert client.post(WHERE, data=right).status_code == 429
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.post(WHERE, data=right, environ_base=elsewhere).status_code == 303


def test_tries_are_kept_without_addresses(app, client, applicant):
    sign_in_by_pages(client, ALICE)
    with app.app_context(), apart() as db:
        keys = {each.key for each in db.exec(select(Tries)).all()}
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)


@pytest.mark.parametrize(
    ("wish", "there"),
    [
        ("/en/account/particulars", "/en/account/particulars"),
        ("https://elsewhere.example/", None),
        ("//elsewhere.example/", None),
        ("/\\elsewhere.example/", None),
        ("javascript:alert(1)", None),
    ],
)
def test_after_signing_in_one_goes_only_to_pages_of_the_portal(client, applicant, wish, there):
    answer = sign_in_by_pages(client, ALICE, next=wish)
    assert answer.status_code == 303
    assert answer.location == (there or "/en/apply/")
    assert client.get(WHERE, query_string={"next": wish}).location == (there or "/en/apply/")


def test_a_guarded_page_leads_to_sign_in_and_back(client, applicant):
    answer = client.get("/tc/account/particulars?from=review")
    assert answer.status_code == 303
    assert answer.location.startswith("/tc/account/sign-in?next=")
    client.get(answer.location)
    given = {"email": ALICE.email, "passphrase": ALICE.passphrase}
    form = client.get(answer.location).text
    wish = form.partition('name="next"')[2].partition('value="')[2].partition('"')[0]
    answer = client.post("/tc/account/sign-in", data={**given, "next": wish})
    assert answer.location == "/tc/account/particulars?from=review"


def test_a_part_of_a_page_sends_the_whole_browser_to_sign_in(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/en/apply/"}
    answer = client.get("/en/account/particulars", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/en/account/sign-in?next=/en/apply/"


def test_a_passphrase_hashed_at_an_older_cost_is_hashed_anew(app, portal_settings, client):
    with app.app_context(), apart() as db:
        old = hashed(ALICE.passphrase)
        person = enter(db, ALICE, passphrase_hash=old)
    use_settings(portal_settings.model_copy(update={"argon2_memory": 16}))
    assert sign_in_by_pages(client, ALICE).status_code == 303
    with app.app_context(), apart() as db:
        new = db.get_one(Person, person.id).passphrase_hash
    assert "m=8," in old
    assert "m=16," in new
    assert sign_in_by_pages(app.test_client(), ALICE).status_code == 303


def test_a_made_up_person_cannot_sign_in_in_production(app, portal_settings, client):
    with app.app_context(), apart() as db:
        enter(db, ALICE, demonstration=True)
    assert sign_in_by_pages(client, ALICE).status_code == 303
    assert client.get("/en/account/").status_code == 200
    for name in ("secret_key", "sealing_key", "files_key"):
        portal_settings.__dict__[name] = "0" * 64
    portal_settings.production = True
    assert client.get("/en/account/").status_code == 303
    assert sign_in_by_pages(app.test_client(), ALICE).status_code == 422


def test_right_and_wrong_are_on_record_by_number(app, client, applicant):
    client.get(WHERE)
    client.post(WHERE, data={"email": ALICE.email, "passphrase": "not this one at all"})
    sign_in_by_pages(client, ALICE)
    with app.app_context(), apart() as db:
        entries = db.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()
    said = [(each.action, each.subject) for each in entries]
    whose = f"person:{applicant.id}"
    told = ["person.sign_in_failed", "person.passphrase_proved", "person.signed_in"]
    assert said == [(each, whose) for each in told]


@pytest.fixture
def meanwhile(app, applicant, monkeypatch):
    """Changes the hash on record while a passphrase is held against the one before."""

    def put(passphrase_hash):
        def slow(claimed, passphrase):
            fitted = fits(claimed, passphrase)
            changed(app, applicant, passphrase_hash=passphrase_hash)
            return fitted

        monkeypatch.setattr(arriving, "fits", slow)

    return put


def test_the_old_passphrase_opens_nothing_once_it_is_changed(app, client, applicant, meanwhile):
    """P16: also not for who was on the way in when it happened."""
    meanwhile(hashed("four ladders and a melon"))
    assert sign_in_by_pages(client, ALICE).status_code == 422
    with app.app_context(), apart() as db:
        assert db.exec(select(SignInSession)).all() == []
        last = db.exec(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert last.action == "person.sign_in_failed"


def test_a_passphrase_hashed_anew_meanwhile_still_opens(client, applicant, meanwhile):
    meanwhile(hashed(ALICE.passphrase))
    assert sign_in_by_pages(client, ALICE).status_code == 303
