"""Faults of ours and a database that is away: a page in the reader's language, nothing quoted."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel

from portal.factory import create_app
from portal.infra import db, logs
from portal.infra.i18n import HTML_LANG
from tests.pages import PageClient


@pytest.fixture
def live(portal_settings) -> Iterator[Flask]:
    """As in production: errors are answered, not raised. Its tables can be taken away."""
    app = create_app()
    app.test_client_class = PageClient
    SQLModel.metadata.create_all(db.engine())
    yield app
    db.engine().dispose()
    db.engine_for.cache_clear()


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_without_its_database_it_still_answers(live, lang):
    SQLModel.metadata.drop_all(db.engine())
    answer = live.test_client().get(f"/{lang}/register/?q=Z683365(0)")
    # PostgreSQL calls a missing table a fault of ours, SQLite one of its own.
    assert answer.status_code in {500, 503}
    assert f'lang="{HTML_LANG[lang]}"' in answer.text
    assert "OperationalError" not in answer.text


def test_a_fault_of_ours_has_a_page_and_quotes_nothing(live, monkeypatch):
    def broken(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("portal.guidance.routes.page", broken)
    answer = live.test_client().get("/tc/")
    assert answer.status_code == 500
    assert 'lang="zh-Hant-HK"' in answer.text
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("hidden_by", [None, LookupError])
def test_a_complaint_of_the_database_is_logged_by_kind_and_place(
    live, monkeypatch, caplog, hidden_by
):
    """PostgreSQL's own words quote the row: DETAIL: Key (email_folded)=(…) already exists."""

    def broken(*_args: object, **_named: object) -> None:
        try:
            raise IntegrityError("INSERT", {}, Exception("Key (email_folded)=(nora@example.org)"))
        except IntegrityError as error:
            if hidden_by:
                raise hidden_by from error
            raise

    monkeypatch.setattr("portal.guidance.routes.page", broken)
    assert live.test_client().get("/tc/").status_code == 500
    told = str([record.__dict__ for record in caplog.records])
    assert "nora@" not in told
    assert f"{(hidden_by or IntegrityError).__name__} at tests/web/test_errors.py" in told


def test_a_fault_in_the_addresses_of_a_page_does_not_break_its_error_page(live, monkeypatch):
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(live.jinja_env.globals, "languages", broken)
    answer = live.test_client().get("/tc/account/sign-in")
    assert answer.status_code == 500
    assert 'lang="zh-Hant-HK"' in answer.text
    assert 'href="/sc/"' in answer.text


def test_a_fault_without_any_page_is_logged_without_its_address(live, monkeypatch, capsys):
    def broken(*_args: object, **_named: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("portal.infra.errors.page", broken)
    logs.configure()
    with pytest.raises(ZeroDivisionError):
        live.test_client().get("/en/account/link/SECRET-TOKEN?q=SECRET-SEARCH")
    logged = capsys.readouterr().err
    assert "unanswered" in logged
    assert "ZeroDivisionError" in logged
    assert "SECRET" not in logged


def test_errors_of_the_database_do_not_quote_what_was_typed(live):
    with db.engine().connect() as connection, pytest.raises(DBAPIError) as error:
        connection.execute(text("SELECT :secret FROM nothing_there"), {"secret": "Z683365(0)"})
    assert "683365" not in str(error.value)


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_an_address_that_leads_nowhere_is_answered_in_its_own_language(live, lang):
    answer = live.test_client().get(f"/{lang}/no-such-page", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert f'lang="{HTML_LANG[lang]}"' in answer.text
