"""Faults of ours and a database that is away: a page in the reader's language, nothing quoted."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from portal.factory import create_app
from portal.infra import db
from portal.infra.i18n import HTML_LANG
from portal.infra.settings import use_settings
from tests.pages import PageClient


@pytest.fixture
def live(portal_settings) -> Flask:
    """As in production: errors are answered, not raised. Its tables can be taken away."""
    app = create_app()
    app.test_client_class = PageClient
    SQLModel.metadata.create_all(db.engine())
    return app


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


def test_production_does_not_start_without_its_address(portal_settings):
    secrets = {"production": True, "secret_key": "s" * 64, "base_url": "http://portal.example.hk"}
    use_settings(portal_settings.model_copy(update=secrets))
    with pytest.raises(ValueError, match="BASE_URL"):
        create_app()


def test_errors_of_the_database_do_not_quote_what_was_typed(live):
    with db.engine().connect() as connection, pytest.raises(DBAPIError) as error:
        connection.execute(text("SELECT :secret FROM nothing_there"), {"secret": "Z683365(0)"})
    assert "683365" not in str(error.value)


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_an_address_that_leads_nowhere_is_answered_in_its_own_language(live, lang):
    answer = live.test_client().get(f"/{lang}/no-such-page", headers={"Accept-Language": "fr"})
    assert answer.status_code == 404
    assert f'lang="{HTML_LANG[lang]}"' in answer.text
