"""What production must have before it starts, and what it must not have."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from jobs import relay, worker
from portal import cli
from portal.demonstration.traces import refuse_in_production
from portal.factory import create_app
from portal.infra import clock
from portal.infra.db import apart, engine, engine_for, unit_of_work
from portal.infra.settings import SECRETS, NotReady, settings, use_settings
from portal.registry.demonstration import enter_facilities
from tests.certificates import authority
from tests.people import ALICE, enter

SOUND = {
    "production": True,
    "base_url": "https://portal.example.hk",
    **dict.fromkeys(SECRETS, "0123456789abcdef" * 4),
}


@pytest.fixture
def production(portal_settings):
    """Puts production's settings in place, with changes."""

    def put(**changes):
        chosen = portal_settings.model_copy(update={**SOUND, **changes})
        # What was computed from the settings before is copied with them.
        chosen.__dict__.pop("address", None)
        use_settings(chosen)

    yield put
    engine().dispose()
    engine_for.cache_clear()


def test_it_starts_with_an_address_and_its_keys(app, production):
    production()
    assert create_app().config["SESSION_COOKIE_SECURE"]


def test_it_starts_before_its_database_has_tables(production):
    production()
    create_app()


@pytest.mark.parametrize("address", ["", "http://portal.example.hk"])
def test_it_does_not_start_without_its_address(production, address):
    production(base_url=address)
    with pytest.raises(NotReady, match="BASE_URL"):
        create_app()


@pytest.mark.parametrize("given", ["", "short", "x" * 31, " " * 64])
@pytest.mark.parametrize("name", SECRETS)
def test_no_process_starts_without_its_keys(production, name, given):
    production(**{name: given})
    with pytest.raises(NotReady, match=f"{name.upper()}, of at least 32") as told:
        create_app()
    assert not given.strip() or given not in str(told.value)
    for process in (relay, worker):
        with pytest.raises(SystemExit, match=name.upper()):
            process.main()


def test_a_stranger_who_claims_to_be_nginx_is_answered(app, production):
    production()
    client = create_app(TESTING=True).test_client()
    told = client.get(
        "/en/connection/check", headers={"X-Edge-Secret": "x"}, base_url=settings().address
    )
    assert told.status_code == 200


@pytest.mark.parametrize("given", ["", "short"])
def test_no_worker_starts_without_the_passphrase_of_its_issuing_keys(production, given):
    production(ca_passphrase=given)
    create_app()
    with pytest.raises(SystemExit, match="CA_PASSPHRASE"):
        worker.main()


def test_an_issuing_key_in_a_token_needs_no_passphrase(production):
    production(ca_keys="pkcs11:token=ehealth?module-path=/usr/lib/libtoken.so")
    settings().prove_signing()


def test_it_does_not_start_with_a_key_for_files_that_is_none(production):
    production(files_key="not hexadecimal digits, but long enough for a key")
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        create_app()


def made_up_people(app):
    with app.app_context(), apart() as db:
        enter(db, ALICE, demonstration=True)


def entries(app):
    with unit_of_work(app) as db:
        enter_facilities(db, now=datetime.now(UTC))


def issuing_authority(app):
    authority(app)


def moved_clock(app):
    with unit_of_work(app) as db:
        clock.advance(db, timedelta(days=15))


@pytest.mark.parametrize(
    ("leave", "said"),
    [
        (made_up_people, "made-up people"),
        (entries, "demonstration entries in the register"),
        (issuing_authority, "a demonstration's issuing authority"),
        (moved_clock, "a clock that was moved forward"),
    ],
)
def test_it_does_not_start_on_a_demonstrations_database(app, production, leave, said):
    production()
    refuse_in_production()
    production(production=False)
    leave(app)
    create_app()
    production()
    with pytest.raises(NotReady, match=said):
        create_app()


def test_its_clock_is_never_ahead(app, production):
    moved_clock(app)
    with app.app_context():
        assert clock.offset() == timedelta(days=15 if settings().embedded else 0)
    production()
    with app.app_context():
        assert clock.offset() == timedelta()


def test_a_command_says_what_is_lacking(production, monkeypatch, capsys):
    production(audit_key="")
    monkeypatch.setattr(sys, "argv", ["portal", "staff", "list"])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    assert ended.value.code == 1
    assert "AUDIT_KEY" in capsys.readouterr().err
