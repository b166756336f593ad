"""The token's PIN: as short as it is, never made up, and tried once where it is wrong."""

import pkcs11
import pytest
from sqlmodel import select

from jobs.running import run_waiting
from portal.certificates import keys
from portal.infra.db import apart, unit_of_work
from portal.infra.settings import NotReady, settings, use_settings
from portal.infra.tickets import Job, State, Ticket, enqueue
from tests.jobs.certifying import SOFTHSM, asked, stored

# The library closes searches of the session that is gone, and says that it could not.
session_gone = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def change(chosen, **updated) -> None:
    use_settings(chosen.model_copy(update=updated))
    keys.forget_keys()


def test_production_takes_a_token_s_short_pin(softhsm):
    change(softhsm, production=True)
    assert keys.make_key("short pin").key_size


@pytest.mark.parametrize("pin", ["", "  "])
def test_no_pin_is_made_up_for_a_token(softhsm, pin):
    change(softhsm, ca_pin=pin)
    with pytest.raises(NotReady, match="CA_PIN"):
        keys.make_key("no pin")


@pytest.fixture
def tries(monkeypatch) -> list[str]:
    """PINs that reached the token."""
    found: list[str] = []
    library = pkcs11.lib

    class Counting:
        def __init__(self, token):
            self.token = token

        def open(self, **how):
            found.append(how.get("user_pin", ""))
            return self.token.open(**how)

    class Counted:
        def __init__(self, module):
            self.library = library(module)

        def get_token(self, **which):
            return Counting(self.library.get_token(**which))

    monkeypatch.setattr(pkcs11, "lib", Counted)
    return found


@session_gone
def test_a_wrong_pin_is_tried_once_and_is_for_staff(
    softhsm, app, authority, location, session, tries
):
    settings().ca_pin = "9999"
    keys.forget_keys()
    pkcs11.lib(SOFTHSM).library.reinitialize()
    with unit_of_work(app) as db:
        enqueue(db, Job.SIGN_LISTS, once="lists")
        enqueue(db, Job.RENEW_OWN_KEYS, once="own keys")
    number = asked(app, location)
    run_waiting(app)
    assert tries == ["9999"]
    with apart() as db:
        ended = {(each.job, each.state, each.problem) for each in db.exec(select(Ticket))}
    assert ended == {
        (job, State.FAILED, "PIN of the token refused")
        for job in (Job.SIGN_LISTS, Job.RENEW_OWN_KEYS, Job.ISSUE_CERTIFICATE)
    }
    assert stored(session, number).certificate is None


@session_gone
def test_a_missing_pin_is_for_staff(softhsm, app, authority, location):
    settings().ca_pin = ""
    keys.forget_keys()
    asked(app, location)
    run_waiting(app)
    with apart() as db:
        [ticket] = db.exec(select(Ticket))
    assert (ticket.state, "not set" in ticket.problem) == (State.FAILED, True)
