"""Tries are counted in one order everywhere: two people at once do not wait for each other."""

from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from uuid import uuid4

import pytest
from sqlalchemy import event

from portal.accounts.actions import tries
from portal.infra.db import engine
from tests.people import ALICE, OLIVE, sign_in_by_pages
from tests.web.test_enquiries import ASKED, opened, send

ORDER = ["writer", "mail", "address", "account", "code"]


@pytest.fixture
def counted(app, monkeypatch):
    """The kinds of tries that each transaction locked, in order."""
    seen = []
    name = tries._name

    def noted(kind, key):
        seen.append(kind)
        return name(kind, key)

    monkeypatch.setattr(tries, "_name", noted)
    event.listen(engine(), "commit", lambda _connection: seen.append(""))
    return lambda: [list(kinds) for commit, kinds in groupby(seen, bool) if commit]


def by_order(kinds):
    return sorted(kinds, key=ORDER.index)


def test_a_letter_asked_for_on_any_page(client, counted):
    send(client, opened(client))
    client.get("/en/account/sign-up")
    new = {"name": "Nora Ng", "language": "en", "passphrase": "seven umbrellas on the tram"}
    client.post("/en/account/sign-up", data={**new, "email": "nora@example.org"})
    client.post("/en/account/sign-up/again", data={"email": "nora@example.org"})
    client.post("/en/account/passphrase/forgotten", data={"email": "nora@example.org"})
    assert counted() == [["writer", "mail"]] * 4


def test_many_at_once_on_different_pages_all_get_an_answer(app, applicant):
    """On PostgreSQL two orders of the same two rows are a deadlock."""
    app.config["WTF_CSRF_ENABLED"] = False
    email = {"email": "nora@example.org"}
    passphrase = {"email": ALICE.email, "passphrase": ALICE.passphrase}
    pages = [
        ("/en/enquiry", lambda: {**ASKED, **email, "once": uuid4().hex}),
        ("/en/account/passphrase/forgotten", lambda: email),
        ("/en/account/sign-in", lambda: passphrase),
    ]

    def asked(number):
        path, form = pages[number % len(pages)]
        return app.test_client().post(path, data=form()).status_code

    alone = [asked(number) for number in range(len(pages))]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(asked, range(24)))
    assert alone == [303] * len(pages)
    assert set(together) <= {303, 429}


def test_signing_in(app, client, applicant, registration_officer, counted):
    for someone in (ALICE, OLIVE):
        assert sign_in_by_pages(app.test_client(), someone).status_code == 303
    found = counted()
    assert ["address", "account"] in found
    assert all(kinds == by_order(kinds) for kinds in found)
