"""The second step: led to by staff, offered to others; codes work once."""

import base64
import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlmodel import select

from portal.accounts.models import Person, RecoveryCode, SignInSession
from portal.infra.audit import AuditEntry
from portal.infra.clock import advance
from portal.infra.db import apart
from tests.people import ALICE, OLIVE, enter, letters_to, sign_in_by_pages

ENROL = "/en/account/second-step"
CODE = "/en/account/sign-in/code"
RECOVERY = "/en/account/sign-in/recovery"


def offered(page):
    """The secret and its sealed form on the page that sets the second step up."""
    secret = "".join(re.findall(r'app-reference">([A-Z2-7]{4})<', page.text))
    sealed = html.unescape(re.search(r'name="offer"[^>]*value="([^"]+)"', page.text)[1])
    return secret, sealed


def enrol(client, present_passphrase=ALICE.passphrase):
    secret, sealed = offered(client.get(ENROL))
    given = {"offer": sealed, "code": pyotp.TOTP(secret).now()}
    given["present_passphrase"] = present_passphrase
    return secret, client.post(ENROL, data=given)


def codes_on(page):
    return re.findall(r'app-reference">([A-Z0-9-]+)<', page.text)


def half_way(app, someone):
    """A browser of somebody who has given the passphrase and not yet the code."""
    client = app.test_client()
    client.get("/en/account/sign-in")
    given = {"email": someone.email, "passphrase": someone.passphrase}
    answer = client.post("/en/account/sign-in", data=given)
    assert answer.location.startswith(CODE)
    client.get(CODE)
    return client


def test_staff_are_led_to_set_it_up_and_can_do_nothing_before(app, client):
    with app.app_context(), apart() as db:
        enter(db, OLIVE, totp_secret=None)
    given = {"email": OLIVE.email, "passphrase": OLIVE.passphrase}
    client.get("/en/account/sign-in")
    answer = client.post("/en/account/sign-in", data=given)
    assert answer.location == ENROL
    for path in ("/en/account/", "/en/account/particulars"):
        assert client.get(path).location.startswith(f"{ENROL}?next=")
    page = client.get(ENROL)
    assert "Staff need a second step" in page.text
    assert OLIVE.name not in page.text
    _secret, answer = enrol(client)
    assert answer.status_code == 200
    assert len(codes_on(answer)) == 10
    assert client.get("/en/account/").status_code == 200


def test_an_applicant_may_set_it_up_and_is_asked_from_then_on(app, applicant, sign_in):
    client, other = sign_in(applicant), sign_in(applicant)
    assert "Set up the second step" in client.get("/en/account/").text
    secret, answer = enrol(client)
    assert answer.status_code == 200
    assert client.get("/en/account/").status_code == 200
    assert other.get("/en/account/").status_code == 303
    assert letters_to(app, ALICE.email)[0].template == "second_factor_changed"
    with app.app_context(), apart() as db:
        person = db.get_one(Person, applicant.id)
    assert secret.encode() not in person.totp_secret
    assert half_way(app, ALICE).get("/en/account/").location.startswith(CODE)


def test_a_first_telephone_too_needs_the_passphrase_of_who_is_signed_in(app, applicant, sign_in):
    """Who has got hold of a session cannot shut its owner out with a telephone of their own."""
    client = sign_in(applicant)
    for wrong in ("", "not this one at all"):
        _secret, refused = enrol(client, present_passphrase=wrong)
        assert refused.status_code == 422
        assert 'id="present_passphrase-error"' in refused.text
    with app.app_context(), apart() as db:
        assert db.get_one(Person, applicant.id).totp_secret is None


def test_the_picture_and_the_key_say_the_same(app, applicant, sign_in):
    page = sign_in(applicant).get(ENROL)
    secret, _sealed = offered(page)
    picture = re.search(r'src="data:image/png;base64,([^"]+)" alt="[^"]{10,}"', page.text)
    assert base64.b64decode(html.unescape(picture[1])).startswith(b"\x89PNG")
    assert len(base64.b32decode(secret)) == 20


def test_a_wrong_code_keeps_the_same_picture(applicant, sign_in):
    client = sign_in(applicant)
    secret, sealed = offered(client.get(ENROL))
    given = {"offer": sealed, "present_passphrase": ALICE.passphrase}
    answer = client.post(ENROL, data={**given, "code": "000000"})
    assert answer.status_code == 422
    assert 'id="code-error"' in answer.text
    assert offered(answer)[0] == secret
    assert client.post(ENROL, data={**given, "code": ""}).status_code == 422


def test_another_persons_or_a_made_up_offer_is_replaced(applicant, colleague, sign_in):
    hers, his = sign_in(applicant), sign_in(colleague)
    secret, sealed = offered(his.get(ENROL))
    hers.get(ENROL)
    for offer in (sealed, "made up", ""):
        answer = hers.post(ENROL, data={"offer": offer, "code": pyotp.TOTP(secret).now()})
        assert answer.status_code == 422
        assert offered(answer)[0] != secret


def test_a_code_opens_once_and_of_many_at_once_one_gets_through(app, registration_officer):
    app.config["WTF_CSRF_ENABLED"] = False
    clients = [half_way(app, OLIVE) for _ in range(4)]
    code = OLIVE.code()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda c: c.post(CODE, data={"code": code}).status_code, clients))
    assert sorted(answers) == [303, 422, 422, 422]


def test_guessing_codes_takes_longer_and_longer(app, registration_officer):
    with time_machine.travel(datetime(2026, 3, 1, tzinfo=UTC), tick=False) as clock:
        client = half_way(app, OLIVE)
        wrong = [client.post(CODE, data={"code": "000000"}).status_code for _ in range(8)]
        assert wrong == [422] * 6 + [429] * 2
        assert client.post(CODE, data={"code": OLIVE.code()}).status_code == 429
        clock.shift(timedelta(seconds=5))
        assert client.post(CODE, data={"code": OLIVE.code()}).status_code == 303


def test_the_code_follows_real_time_whatever_the_demonstration_says(app, registration_officer):
    with app.app_context(), apart() as db:
        advance(db, timedelta(days=15))
    assert sign_in_by_pages(app.test_client(), OLIVE).status_code == 303


def test_moving_the_demonstration_on_signs_nobody_out(app, applicant, sign_in):
    client = sign_in(applicant)
    with app.app_context(), apart() as db:
        advance(db, timedelta(days=15))
    assert client.get("/en/account/").status_code == 200


def test_the_code_page_wants_somebody_half_way(client, applicant, sign_in):
    assert client.get(CODE).location == "/en/account/sign-in"
    assert sign_in(applicant).get(CODE).location == "/en/account/sign-in"
    client.get("/en/account/sign-in")
    answer = client.post(CODE, data={"code": "123456", "next": "//elsewhere.example"})
    assert answer.location == "/en/account/sign-in"


def test_half_way_is_over_after_a_quarter_of_an_hour(app, registration_officer):
    client = half_way(app, OLIVE)
    with app.app_context(), apart() as db:
        row = db.exec(select(SignInSession)).one()
        row.created_at -= timedelta(minutes=15)
        db.add(row)
    answer = client.post(CODE, data={"code": OLIVE.code()})
    assert answer.location == "/en/account/sign-in"


def test_wrong_codes_are_on_record_and_signed_in_is_who_has_proved_the_right_one(
    app, registration_officer
):
    client = half_way(app, OLIVE)
    client.post(CODE, data={"code": "000000"})
    client.post(RECOVERY, data={"recovery_code": "AAA-AAA-AAA-AAA"})
    assert actions(app) == ["person.passphrase_proved"] + ["person.code_failed"] * 2
    assert client.post(CODE, data={"code": OLIVE.code()}).status_code == 303
    assert actions(app)[3:] == ["person.code_proved", "person.signed_in"]


def test_staff_who_set_it_up_are_signed_in_by_it(app, client):
    with app.app_context(), apart() as db:
        enter(db, OLIVE, totp_secret=None)
    client.get("/en/account/sign-in")
    given = {"email": OLIVE.email, "passphrase": OLIVE.passphrase}
    client.post("/en/account/sign-in", data=given)
    assert actions(app) == ["person.passphrase_proved"]
    enrol(client)
    assert actions(app)[1:] == ["person.second_factor_set", "person.signed_in"]


def actions(app):
    with app.app_context(), apart() as db:
        return [each.action for each in db.exec(select(AuditEntry).order_by(AuditEntry.seq)).all()]


def test_a_recovery_code_opens_once_and_its_owner_is_told(app, applicant, sign_in):
    _secret, answer = enrol(sign_in(applicant))
    code = codes_on(answer)[3]
    client = half_way(app, ALICE)
    client.get(RECOVERY)
    answer = client.post(RECOVERY, data={"recovery_code": f" {code.lower().replace('-', ' ')} "})
    assert answer.status_code == 303
    assert "9 recovery codes are left" in client.get("/en/account/").text
    assert "no longer works" in letters_to(app, ALICE.email)[0].body_text
    again = half_way(app, ALICE)
    assert again.post(RECOVERY, data={"recovery_code": code}).status_code == 422


def test_a_recovery_code_of_another_person_does_not_open(app, applicant, colleague, sign_in):
    _secret, hers = enrol(sign_in(applicant))
    _secret, _his = enrol(sign_in(colleague))
    from tests.people import BOB

    client = half_way(app, BOB)
    assert client.post(RECOVERY, data={"recovery_code": codes_on(hers)[0]}).status_code == 422


def test_recovery_codes_cannot_be_read_in_the_database(app, applicant, sign_in):
    _secret, answer = enrol(sign_in(applicant))
    with app.app_context(), apart() as db:
        rows = db.exec(select(RecoveryCode)).all()
    kept = {row.code_hash for row in rows}
    assert len(kept) == 10
    assert all(len(each) == 64 for each in kept)
    assert not kept & {code.replace("-", "") for code in codes_on(answer)}


def test_new_recovery_codes_need_the_passphrase_and_end_the_old_ones(app, applicant, sign_in):
    client = sign_in(applicant)
    _secret, answer = enrol(client)
    where = "/en/account/second-step/codes"
    old = codes_on(answer)
    client.get(where)
    assert client.post(where, data={"present_passphrase": "not this one"}).status_code == 422
    new = codes_on(client.post(where, data={"present_passphrase": ALICE.passphrase}))
    assert len(new) == 10
    assert not set(new) & set(old)
    assert half_way(app, ALICE).post(RECOVERY, data={"recovery_code": old[0]}).status_code == 422
    assert half_way(app, ALICE).post(RECOVERY, data={"recovery_code": new[0]}).status_code == 303


def test_another_telephone_needs_the_passphrase_and_ends_the_old_one(app, applicant, sign_in):
    client = sign_in(applicant)
    old, _answer = enrol(client)
    for wrong in ("", "not this one at all"):
        _new, refused = enrol(client, present_passphrase=wrong)
        assert refused.status_code == 422
    new, answer = enrol(client)
    assert answer.status_code == 200
    later = datetime.now(UTC) + timedelta(seconds=30)
    client = half_way(app, ALICE)
    assert client.post(CODE, data={"code": pyotp.TOTP(old).at(later)}).status_code == 422
    assert client.post(CODE, data={"code": pyotp.TOTP(new).at(later)}).status_code == 303


def test_an_applicant_may_switch_it_off_with_the_passphrase(app, applicant, sign_in):
    client = sign_in(applicant)
    enrol(client)
    where = "/en/account/second-step/remove"
    client.get(where)
    assert client.post(where, data={"present_passphrase": "not this one"}).status_code == 422
    assert client.post(where, data={"present_passphrase": ALICE.passphrase}).status_code == 303
    assert client.get("/en/account/").status_code == 200
    assert sign_in_by_pages(app.test_client(), ALICE).location == "/en/apply/"


def test_switching_it_off_ends_the_session_that_waits_for_a_code(app, applicant, sign_in):
    """Somebody who had the passphrase alone would be signed in by it."""
    client = sign_in(applicant)
    enrol(client)
    waiting = half_way(app, ALICE)
    client.post("/en/account/second-step/remove", data={"present_passphrase": ALICE.passphrase})
    assert waiting.get("/en/account/").location.startswith("/en/account/sign-in?")


def test_staff_cannot_switch_it_off(app, registration_officer, sign_in):
    client = sign_in(registration_officer)
    where = "/en/account/second-step/remove"
    assert where not in client.get("/en/account/").text
    client.get(where)
    assert client.post(where, data={"present_passphrase": OLIVE.passphrase}).status_code == 409
    with app.app_context(), apart() as db:
        assert db.get_one(Person, registration_officer.id).totp_secret


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_the_pages_stand_in_three_languages(applicant, sign_in, lang):
    client = sign_in(applicant)
    for page in ("second-step", "second-step/codes", "second-step/remove", "passphrase", ""):
        assert client.get(f"/{lang}/account/{page}").status_code == 200
