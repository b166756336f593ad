"""Sessions: none survives its end (P16), and what was typed meanwhile is kept for its person."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.accounts.actions import own, passphrases, sessions, signing_in
from portal.accounts.hashing import token_hash
from portal.accounts.models import Person, RecoveryCode, SignInSession
from portal.accounts.second_factors import closed, code_hash
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import use_settings
from tests.people import ALICE, OLIVE, SUNNY, enter, sign_in_by_pages

HOME = "/en/account/"
LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def opens(client):
    """Whether a guarded page opens; a stranger is led to sign in."""
    answer = client.get(HOME)
    assert answer.status_code in {200, 303}
    return answer.status_code == 200


def set_on(app, kind, **columns):
    """Change the newest row of a kind as it is stored."""
    with app.app_context(), apart() as db:
        row = db.exec(select(kind).order_by(kind.id.desc())).first()
        for name, value in columns.items():
            setattr(row, name, value)
        db.add(row)


def token_of(client):
    with client.session_transaction() as cookie:
        return cookie.get("_user_id", "")


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (SignInSession, {"ended_at": datetime.now(UTC)}),
        (SignInSession, {"created_at": datetime.now(UTC) - timedelta(hours=12, seconds=1)}),
        (SignInSession, {"last_seen_at": datetime.now(UTC) - timedelta(minutes=30, seconds=1)}),
        (SignInSession, {"token_hash": "0" * 64}),
        (Person, {"disabled_at": datetime.now(UTC)}),
    ],
)
def test_changing_one_stored_value_shuts_the_next_request_out(
    app, applicant, sign_in, kind, columns
):
    client = sign_in(applicant)
    assert opens(client)
    set_on(app, kind, **columns)
    assert not opens(client)


def test_limits_are_settings(app, portal_settings, applicant, sign_in):
    client = sign_in(applicant)
    set_on(app, SignInSession, last_seen_at=datetime.now(UTC) - timedelta(minutes=10))
    shorter = {"session_idle_minutes": 5}
    use_settings(portal_settings.model_copy(update=shorter))
    assert not opens(client)
    use_settings(portal_settings)
    assert opens(client)


def test_a_role_that_changes_counts_from_the_next_request(app, registration_officer, sign_in):
    client = sign_in(registration_officer)
    assert "Registration officer" in client.get(HOME).text
    set_on(app, Person, role="supervisor")
    assert "Supervisor" in client.get(HOME).text


def test_staff_whose_second_factor_is_not_proved_get_nowhere(app, registration_officer, sign_in):
    client = sign_in(registration_officer)
    assert opens(client)
    set_on(app, SignInSession, second_factor_at=None)
    answer = client.get(HOME)
    assert (answer.status_code, answer.location.partition("?")[0]) == (
        303,
        "/en/account/sign-in/code",
    )


def test_the_cookies_token_is_not_in_the_database(app, applicant, sign_in):
    token = token_of(sign_in(applicant))
    with app.app_context(), apart() as db:
        row = db.exec(select(SignInSession)).one()
    assert token not in row.model_dump_json()
    assert row.token_hash == token_hash(token)


def test_signing_in_takes_nothing_over_from_a_planted_cookie(app, client, applicant):
    """Fixation: an attacker's token and form token are gone after sign-in."""
    with app.app_context(), apart() as db:
        planted = sessions.begin(
            db, applicant, device="", now=LONG_AGO + timedelta(days=1), second_factor_at=None
        )
    client.get("/en/account/sign-in")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = planted
        cookie["planted"] = "yes"
        form_token = cookie["csrf_token"]
    assert sign_in_by_pages(client, ALICE).status_code == 303
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["_user_id"] != planted
        assert cookie.get("csrf_token") != form_token


def test_every_sign_in_and_every_step_of_it_has_a_token_of_its_own(app, registration_officer):
    client = app.test_client()
    client.get("/en/account/sign-in")
    client.post("/en/account/sign-in", data={"email": OLIVE.email, "passphrase": OLIVE.passphrase})
    half = token_of(client)
    client.get("/en/account/sign-in/code")
    client.post("/en/account/sign-in/code", data={"code": OLIVE.code()})
    assert opens(client)
    assert token_of(client) != half
    thief = app.test_client()
    with thief.session_transaction() as cookie:
        cookie["_user_id"] = half
    # Not even half-way any more: to the very beginning.
    assert thief.get(HOME).location.startswith("/en/account/sign-in?")


def test_a_session_signed_out_is_over_also_for_a_copied_cookie(app, applicant, sign_in):
    client = sign_in(applicant)
    copy = app.test_client()
    with copy.session_transaction() as cookie:
        cookie["_user_id"] = token_of(client)
    assert opens(client)
    assert opens(copy)
    answer = client.post("/en/account/sign-out")
    assert (answer.status_code, answer.location) == (303, "/en/account/signed-out")
    assert client.get(answer.location).status_code == 200
    assert not opens(client)
    assert not opens(copy)


def test_signing_out_is_a_post_with_a_token(app, applicant, sign_in):
    client = sign_in(applicant)
    assert client.get("/en/account/sign-out").status_code == 405
    client.token = ""
    assert client.post("/en/account/sign-out").status_code == 400
    assert opens(client)


def test_signing_out_everywhere_ends_every_session(applicant, colleague, sign_in):
    here, there, other = sign_in(applicant), sign_in(applicant), sign_in(colleague)
    assert opens(here)
    here.post("/en/account/sessions/end")
    assert not opens(here)
    assert not opens(there)
    assert opens(other)


RIGHTS = {
    "another passphrase": lambda db, it: passphrases.change(db, it, "a hash", now=it.created_at),
    "a second factor": lambda db, it: own.set_second_factor(
        db, it, OLIVE.totp_secret, OLIVE.code(), anew=True, now=datetime.now(UTC)
    ),
    "no second factor": lambda db, it: own.remove_second_factor(db, it, now=it.created_at),
    "a code": lambda db, it: signing_in.prove_code(
        db, it.person_id, it, OLIVE.code(), now=datetime.now(UTC)
    ),
    "a recovery code": lambda db, it: signing_in.prove_recovery_code(
        db, it.person_id, it, "AAA-AAA", now=it.created_at
    ),
}
"""Every change of right: what gives a session another token."""


@pytest.mark.parametrize("right", RIGHTS)
def test_a_session_ended_meanwhile_is_not_renewed(app, right):
    """The request knew it as open; "sign out everywhere" came first."""
    with app.app_context(), apart() as db:
        person = enter(db, ALICE, totp_secret=closed(OLIVE.totp_secret))
        db.add(RecoveryCode(person_id=person.id, code_hash=code_hash(person.id, "AAA-AAA")))
        sessions.begin(db, person, device="", now=datetime.now(UTC), second_factor_at=None)
    with app.app_context(), apart() as db:
        known = db.exec(select(SignInSession)).one()
    with app.app_context(), apart() as db:
        sessions.sign_out_everywhere(db, person.id, now=datetime.now(UTC))
    with pytest.raises(sessions.SessionOver), unit_of_work(app) as db:
        RIGHTS[right](db, known)
    with app.app_context(), apart() as db:
        assert db.exec(select(SignInSession)).one().ended_at
        assert db.get_one(Person, person.id).passphrase_hash == person.passphrase_hash


def test_whose_session_ended_meanwhile_signs_in_anew(app, applicant, sign_in, monkeypatch):
    client = sign_in(applicant)
    client.get("/en/account/passphrase")

    def slow(_passphrase):
        set_on(app, SignInSession, ended_at=datetime.now(UTC))
        return "a hash"

    monkeypatch.setattr("portal.accounts.routes.own.hashed", slow)
    given = {"present_passphrase": ALICE.passphrase, "new_passphrase": "paper lantern under water"}
    answer = client.post("/en/account/passphrase", data=given)
    assert (answer.status_code, answer.location) == (303, "/en/account/sign-in")
    assert not opens(client)


def test_a_second_factor_set_meanwhile_is_not_replaced_without_the_passphrase(app):
    with app.app_context(), apart() as db:
        person = enter(db, SUNNY)
        sessions.begin(db, person, device="", now=datetime.now(UTC), second_factor_at=None)
    with pytest.raises(sessions.SessionOver), unit_of_work(app) as db:
        own.set_second_factor(
            db, db.exec(select(SignInSession)).one(), OLIVE.totp_secret, OLIVE.code(),
            anew=False, now=datetime.now(UTC),
        )  # fmt: skip


def test_the_account_lists_the_sessions_that_are_open(app, applicant, sign_in):
    sign_in(applicant)
    set_on(app, SignInSession, device="Old, Windows", last_seen_at=LONG_AGO)
    sign_in(applicant)
    set_on(app, SignInSession, device="Firefox, Linux")
    client = sign_in(applicant)
    text = client.get(HOME).text
    assert "Firefox, Linux" in text
    assert "Old, Windows" not in text
    assert text.count("This device") == 1


def test_using_pages_keeps_a_session_and_most_pages_write_nothing(app, applicant, sign_in):
    client = sign_in(applicant)
    before = datetime.now(UTC) - timedelta(seconds=30)
    set_on(app, SignInSession, last_seen_at=before)
    assert opens(client)
    assert _last_seen(app) == before
    set_on(app, SignInSession, last_seen_at=before - timedelta(minutes=20))
    client.get("/en/account/signed-out")
    assert _last_seen(app) > before


def _last_seen(app):
    with app.app_context(), apart() as db:
        return db.exec(select(SignInSession)).one().last_seen_at


def test_pages_of_signed_in_people_are_not_stored_by_the_browser(applicant, sign_in):
    assert sign_in(applicant).get(HOME).headers["Cache-Control"] == "no-store"
