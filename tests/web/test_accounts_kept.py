"""Session expired while typing: the text is there after signing in, for the same person alone."""

import html
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from portal.accounts.models import KeptTyping, Person, SignInSession
from portal.infra.db import apart
from tests.people import ALICE, BOB, sign_in_by_pages

WHERE = "/en/account/particulars"
TYPED = {"name": "Alice “Long” Au 歐陽 <b>\n&", "language": "tc"}


def end_sessions(app, **columns):
    with app.app_context(), apart() as db:
        for row in db.exec(select(SignInSession)).all():
            for name, value in columns.items():
                setattr(row, name, value)
            db.add(row)


def kept_rows(app):
    with app.app_context(), apart() as db:
        return db.exec(select(KeptTyping)).all()


def hidden_fields(page):
    form = page.text.partition("<main")[2]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {key: html.unescape(value) for key, value in found}


@pytest.fixture
def typing(app, applicant, sign_in):
    """A form is open and its session is over; the answer to sending it."""

    def send(fields=TYPED, where=WHERE, **columns):
        client = sign_in(applicant)
        assert client.get(WHERE).status_code == 200
        end_sessions(app, **(columns or {"last_seen_at": datetime.now(UTC) - timedelta(hours=3)}))
        return client, client.post(where, data=fields)

    return send


@pytest.mark.parametrize(
    "columns",
    [
        {"last_seen_at": datetime.now(UTC) - timedelta(hours=1)},
        {"created_at": datetime.now(UTC) - timedelta(hours=13)},
        {"ended_at": datetime.now(UTC)},
    ],
)
def test_what_was_typed_is_sent_with_one_press_after_signing_in(app, typing, columns):
    client, answer = typing(**columns)
    assert answer.status_code == 303
    sign_in_page = client.get(answer.location)
    assert "What you typed is kept" in sign_in_page.text
    wish = hidden_fields_of_sign_in(sign_in_page)
    answer = sign_in_by_pages(client, ALICE, next=wish)
    offered = client.get(answer.location)
    assert offered.status_code == 200
    assert f'action="{WHERE}"' in offered.text
    fields = hidden_fields(offered)
    assert {key: fields[key] for key in TYPED} == TYPED
    assert client.post(WHERE, data=fields).status_code == 303
    with app.app_context(), apart() as db:
        person = db.exec(select(Person)).one()
    assert person.language == "tc"
    assert person.name == "Alice “Long” Au 歐陽 <b> &"


def hidden_fields_of_sign_in(page):
    return html.unescape(re.search(r'name="next"[^>]*value="([^"]*)"', page.text)[1])


def test_signing_out_in_another_window_keeps_it_too(app, applicant, sign_in):
    client = sign_in(applicant)
    client.get(WHERE)
    client.post("/en/account/sign-out")
    answer = client.post(WHERE, data=TYPED)
    assert "kept=yes" in answer.location
    assert len(kept_rows(app)) == 1


def test_another_person_never_sees_it(app, typing, colleague, sign_in):
    client, answer = typing()
    path = f"/en/account/typed/{kept_rows(app)[0].name}"
    answer = sign_in_by_pages(client, BOB, next=path)
    there = client.get(answer.location)
    none = client.get("/en/account/typed/nothing-of-this-name")
    assert (there.status_code, none.status_code) == (404, 404)
    assert "歐陽" not in there.text
    assert app.test_client().get(path).status_code == 303


def test_what_is_kept_cannot_be_read_in_the_database_and_passphrases_are_not_kept(app, typing):
    secrets = {"present_passphrase": ALICE.passphrase, "new_passphrase": "four ladders and a melon"}
    typing({**TYPED, **secrets}, where="/en/account/passphrase")
    (row,) = kept_rows(app)
    assert b"Alice" not in row.sealed
    client = app.test_client()
    answer = sign_in_by_pages(client, ALICE, next=f"/en/account/typed/{row.name}")
    fields = hidden_fields(client.get(answer.location))
    assert set(fields) == {"csrf_token", "name", "language"}


def test_it_is_gone_after_two_hours(app, typing):
    client, _answer = typing()
    (row,) = kept_rows(app)
    assert row.expires_at - row.created_at == timedelta(hours=2)
    sign_in_by_pages(client, ALICE)
    path = f"/en/account/typed/{row.name}"
    assert client.get(path).status_code == 200
    with app.app_context(), apart() as db:
        there = db.get_one(KeptTyping, row.id)
        there.expires_at = datetime.now(UTC)
        db.add(there)
    assert client.get(path).status_code == 404
    typing()
    assert row.name not in {each.name for each in kept_rows(app)}


def test_files_are_not_kept_and_the_page_says_so(app, typing):
    fields = {**TYPED, "paper": (io.BytesIO(b"%PDF-1.7"), "paper.pdf")}
    client, _answer = typing(fields)
    (row,) = kept_rows(app)
    sign_in_by_pages(client, ALICE)
    assert "Files were not kept" in client.get(f"/en/account/typed/{row.name}").text


def test_a_form_of_nothing_but_its_token_leads_to_sign_in_and_keeps_nothing(app, typing):
    _client, answer = typing({})
    assert answer.status_code == 303
    assert "kept" not in answer.location
    assert kept_rows(app) == []


def test_somebody_unknown_leaves_nothing_behind(app, client):
    client.get("/en/account/sign-in")
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "no such token"
    assert client.post(WHERE, data=TYPED).status_code == 303
    assert kept_rows(app) == []


def test_only_the_newest_forms_of_a_person_are_kept(app, typing):
    for _ in range(7):
        typing()
    assert len(kept_rows(app)) == 5


def test_an_ended_session_posting_the_kept_form_with_htmx_is_sent_to_sign_in(
    app, applicant, sign_in
):
    client = sign_in(applicant)
    client.get(WHERE)
    end_sessions(app, ended_at=datetime.now(UTC))
    answer = client.post(WHERE, data=TYPED, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "/en/account/sign-in?" in answer.headers["HX-Redirect"]
    assert len(kept_rows(app)) == 1
