"""Who has the mailbox is not yet who chose the passphrase: another browser is asked for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.accounts.hashing import fits
from portal.accounts.models import SignUp, Tries
from portal.accounts.queries import person_with_email
from portal.infra.audit import AuditEntry
from portal.infra.db import apart
from tests.people import ALICE, enter, letters_to, link_in

EMAIL = "nora@clinic.example.org"
OWNERS, STRANGERS = "seven umbrellas on the tram", "a stranger waits in the rain"
ASKED = "Enter the passphrase you chose when you signed up"


def sign_up(app, client, passphrase):
    """The link in the letter that this sign-up sent."""
    client.get("/en/account/sign-up")
    new = {"name": "Nora Ng", "email": EMAIL, "language": "en", "passphrase": passphrase}
    assert client.post("/en/account/sign-up", data=new).status_code == 303
    return link_in(letters_to(app, EMAIL)[0])


def confirm(client, link, passphrase=None):
    client.get(link)
    return client.post(link, data={} if passphrase is None else {"passphrase": passphrase})


def on_record(app):
    with app.app_context(), apart() as db:
        return person_with_email(db, EMAIL)


def test_the_owner_cannot_confirm_a_strangers_passphrase(app, client):
    link = sign_up(app, app.test_client(), STRANGERS)
    page = client.get(link)
    assert (page.status_code, ASKED in page.text) == (200, True)
    for given in (None, "", OWNERS):
        assert confirm(client, link, given).status_code == 422
    assert on_record(app) is None


def test_nor_with_a_sign_up_of_their_own_in_this_browser(app, client):
    sign_up(app, client, OWNERS)
    strangers = sign_up(app, app.test_client(), STRANGERS)
    for given in (None, OWNERS):
        assert confirm(client, strangers, given).status_code == 422
    assert on_record(app) is None


def test_nor_when_the_strangers_sign_up_has_the_number_of_theirs(app, client):
    """SQLite gives the number of a row that was cleared away to the next one."""
    sign_up(app, client, OWNERS)
    with app.app_context(), apart() as db:
        asked = db.exec(select(SignUp)).one()
        asked.expires_at = datetime.now(UTC) - timedelta(seconds=1)
        db.add(asked)
    strangers = sign_up(app, app.test_client(), STRANGERS)
    assert confirm(client, strangers).status_code == 422
    client.post("/en/account/sign-up/again", data={"email": EMAIL})
    assert letters_to(app, EMAIL)[0].template == "no_account"


def test_on_another_device_the_passphrase_confirms(app, client):
    link = sign_up(app, client, OWNERS)
    telephone = app.test_client()
    answer = confirm(telephone, link, OWNERS)
    assert (answer.status_code, answer.location) == (303, "/en/account/confirmed")
    assert fits(on_record(app).passphrase_hash, OWNERS)
    with app.app_context(), apart() as db:
        assert [each.count for each in db.exec(select(Tries)).all()].count(0) == 2


def test_where_one_signed_up_one_press_suffices(app, client):
    link = sign_up(app, client, OWNERS)
    assert 'type="password"' not in client.get(link).text
    assert confirm(client, link).status_code == 303


def test_also_by_the_link_of_a_letter_sent_again(app, client):
    sign_up(app, client, OWNERS)
    client.post("/en/account/sign-up/again", data={"email": EMAIL})
    assert confirm(client, link_in(letters_to(app, EMAIL)[0])).status_code == 303


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "This is not the passphrase chosen at sign-up"),
        ("tc", "這不是申請帳戶時設定的密碼"),
        ("sc", "这不是申请帐户时设定的密码"),
    ],
)
def test_a_wrong_one_is_said_and_not_shown_again(app, client, lang, sentence):
    link = sign_up(app, app.test_client(), STRANGERS).replace("/en/", f"/{lang}/")
    answer = confirm(client, link, OWNERS)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert OWNERS not in answer.text
    assert 'autocomplete="current-password"' in answer.text
    with app.app_context(), apart() as db:
        actions = [each.action for each in db.exec(select(AuditEntry)).all()]
    assert actions == ["sign_up.asked", "sign_up.passphrase_failed"]


def test_guessing_takes_longer_and_longer(app, client):
    link = sign_up(app, app.test_client(), STRANGERS)
    answers = [confirm(client, link, f"wrong guess {number}") for number in range(8)]
    assert [each.status_code for each in answers[:6]] == [422] * 6
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert confirm(app.test_client(), link, STRANGERS).status_code == 429
    assert on_record(app) is None


def test_of_many_guesses_at_once_none_slips_through(app, client, monkeypatch):
    link = sign_up(app, client, OWNERS)
    held = []
    monkeypatch.setattr("portal.accounts.routes.joining.fits", lambda *given: held.append(given))
    app.config["WTF_CSRF_ENABLED"] = False
    with ThreadPoolExecutor(8) as pool:
        posts = pool.map(lambda n: app.test_client().post(link, data=guess(n)), range(16))
        answers = [each.status_code for each in posts]
    assert set(answers) == {422, 429}
    assert answers.count(422) == len(held) <= 7
    assert confirm(client, link).status_code == 303, "the owner's own browser is not kept waiting"


def guess(number):
    return {"passphrase": f"wrong guess {number}"}


def test_many_right_ones_at_once_open_one_account(app, client):
    link = sign_up(app, client, OWNERS)
    app.config["WTF_CSRF_ENABLED"] = False
    with ThreadPoolExecutor(8) as pool:
        right = {"passphrase": OWNERS}
        posts = pool.map(lambda _: app.test_client().post(link, data=right), range(8))
        answers = [each.status_code for each in posts]
    assert answers.count(303) == 1
    assert set(answers) <= {303, 410, 429}


def test_the_owners_link_and_the_strangers_at_once_open_the_owners_account(app, client):
    strangers = sign_up(app, app.test_client(), STRANGERS)
    owners = sign_up(app, client, OWNERS)
    app.config["WTF_CSRF_ENABLED"] = False
    presses = [(client, owners), *[(app.test_client(), strangers) for _ in range(4)]]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda press: press[0].post(press[1]).status_code, presses))
    assert answers == [303] + [422] * 4
    assert fits(on_record(app).passphrase_hash, OWNERS)


def test_a_link_to_an_account_there_is_stays_useless(app, client):
    """The passphrase of a sign-up that came too late opens nothing, and forgives no tries."""
    link = sign_up(app, client, OWNERS)
    with app.app_context(), apart() as db:
        enter(db, ALICE, email=EMAIL, email_folded=EMAIL)
    assert confirm(app.test_client(), link, OWNERS).status_code == 410
    with app.app_context(), apart() as db:
        assert all(each.count for each in db.exec(select(Tries)).all())
