"""Private keys that we made: none stays sealed here that nobody can or may fetch any more."""

from datetime import timedelta

import pytest

from jobs.certificates import remind_of_ends
from jobs.running import run_waiting
from portal.certificates import actions, issuing
from portal.certificates.linting import Unsound
from portal.certificates.models import Certificate
from portal.certificates.rules import Reason
from portal.infra.clock import real_now
from portal.infra.db import apart, unit_of_work
from portal.kernel.problems import Refused
from portal.registry.actions import end_location
from portal.registry.models import ServiceLocation
from tests.jobs.certifying import NOW, asked, stored


def asked_for_made_key(app, location, name: str = "made") -> int:
    with unit_of_work(app) as db:
        made = actions.ask_for_made_key(db, location, asked=name, by="x", now=NOW, real=NOW)
        return made.id or 0


def test_a_refused_request_keeps_no_key(app, authority, location, session):
    number = asked_for_made_key(app, location)
    with app.app_context(), apart() as db:
        place = db.get_one(ServiceLocation, location.id)
        end_location(db, place, at=NOW, reason="closed", by="test", now=NOW)
    # By itself: the job that revokes what a place leaves behind would forget the key too.
    with unit_of_work(app):
        assert not issuing.reserve(number, real=NOW, today=NOW)
    row = stored(session, number)
    assert row.refused == issuing.PLACE_GONE and row.sealed_key is None


def test_an_unsound_request_keeps_no_key(app, authority, location, session, monkeypatch):
    def unsound(*_told):
        raise Unsound("a finding")

    number = asked_for_made_key(app, location)
    monkeypatch.setattr(issuing, "judged_copy", unsound)
    run_waiting(app)
    row = stored(session, number)
    assert row.refused == issuing.UNSOUND and row.sealed_key is None


@pytest.mark.parametrize(
    ("ends_in", "revoked", "kept"), [(1, False, True), (-1, False, False), (1, True, False)]
)
def test_the_day_s_work_forgets_keys_of_what_is_over(
    app, authority, location, session, ends_in, revoked, kept
):
    number = asked_for_made_key(app, location)
    run_waiting(app)
    with apart() as db:
        row = db.get_one(Certificate, number)
        row.not_after = real_now() + timedelta(days=ends_in)
        if revoked:
            row.revoked_at, row.revocation_reason = NOW, Reason.SUPERSEDED
        db.add(row)
    with unit_of_work(app) as db:
        remind_of_ends(db)
    assert (stored(session, number).sealed_key is not None) == kept


def test_a_place_has_so_many_unfinished_requests_and_no_more(app, authority, location, session):
    first = asked_for_made_key(app, location, "made")
    for turn in range(actions.MOST_OPEN - 1):
        asked(app, location, name=f"form-{turn}")
    with pytest.raises(Refused, match="unfinished requests"):
        asked(app, location, name="one more")
    # Sent again, a form finds its own.
    assert asked_for_made_key(app, location, "made") == first
    run_waiting(app)
    for turn in range(actions.MOST_OPEN - 1):
        asked(app, location, name=f"next-{turn}")
    with pytest.raises(Refused, match="unfinished requests"):
        asked(app, location, name="one more")
    with unit_of_work(app) as db:
        row = db.get_one(Certificate, first)
        actions.revoke(db, row, reason=Reason.SUPERSEDED, by="x", now=NOW, real=NOW)
    asked(app, location, name="one more")
