"""The office suspends, restores, cancels and removes: with a reason, on record, seen everywhere."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal.infra.audit import AuditEntry
from portal.infra.db import unit_of_work
from portal.kernel.hktime import hk_date
from portal.kernel.problems import Refused
from portal.labels.rules import Verdict, verdict
from portal.registry.models import Institution, ServiceLocation
from portal.registry.suspending import extend, resume, suspend
from tests.web.world import registered_place

NOW = datetime.now(UTC)


@pytest.fixture
def institution(app, session: Session) -> Institution:
    registered_place(app)
    return session.exec(select(Institution)).one()


@pytest.fixture
def officer(sign_in, registration_officer):
    return sign_in(registration_officer)


def in_days(days: int) -> str:
    return (hk_date(NOW) + timedelta(days=days)).isoformat()


def do(officer, institution: Institution, deed: str, **form: str):
    path = f"/en/staff/institutions/{institution.number}/{deed}"
    assert officer.get(path).status_code == 200
    return officer.post(path, data=form)


def listed(client) -> bool:
    return "Listed Clinic" in client.get("/en/register/?q=Listed").text


def test_suspended_is_off_the_register_and_back_again(app, client, officer, institution, session):
    assert listed(client)
    answer = do(officer, institution, "suspend", reason="security", until=in_days(10))
    assert answer.status_code == 303
    page = officer.get(answer.location).text
    assert "Suspended" in page
    assert "The security of eHealth is at risk" in page
    assert not listed(client)
    assert client.get(f"/en/register/{institution.number}").status_code == 404
    stored, place = now_stored(session)
    assert verdict(_Label(), place, stored, NOW + timedelta(minutes=1)) is Verdict.NOT_YET
    assert do(officer, institution, "resume", reason="settled").status_code == 303
    assert listed(client)


class _Label:
    voided_at = None


def now_stored(session: Session) -> tuple[Institution, ServiceLocation]:
    session.rollback()
    stored = session.exec(select(Institution).execution_options(populate_existing=True)).one()
    return stored, stored.locations[0]


def test_a_suspension_runs_out_by_itself_in_the_register_too(app, institution):
    with unit_of_work(app) as db:
        mine = db.get_one(Institution, institution.id)
        suspend(db, mine, until=NOW + timedelta(days=5), reason="breach", by="x", now=NOW)
    from portal.registry.search import Asked, search

    with unit_of_work(app) as db:
        found = [
            search(db, Asked("Listed"), start=0, size=9, now=NOW + timedelta(days=d)).total
            for d in (1, 6)
        ]
    assert found == [0, 1]


@pytest.mark.parametrize(("days", "status"), [(0, 303), (27, 303), (28, 422), (-1, 422)])
def test_the_first_period_has_28_days_at_most(officer, institution, days, status):
    answer = do(officer, institution, "suspend", reason="breach", until=in_days(days))
    assert answer.status_code == status


def test_it_can_be_extended_by_28_days(app, institution):
    with unit_of_work(app) as db:
        mine = db.get_one(Institution, institution.id)
        with pytest.raises(Refused, match="not suspended"):
            resume(db, mine, reason="settled", by="x", now=NOW)
        suspend(db, mine, until=NOW + timedelta(days=5), reason="breach", by="x", now=NOW)
        with pytest.raises(Refused, match="last day"):
            extend(db, mine, until=NOW + timedelta(days=40), reason="breach", by="x", now=NOW)
        extend(db, mine, until=NOW + timedelta(days=30), reason="breach", by="x", now=NOW)
        with pytest.raises(Refused, match="suspended already"):
            suspend(db, mine, until=NOW + timedelta(days=5), reason="breach", by="x", now=NOW)


@pytest.mark.parametrize("form", [{}, {"reason": "no such"}, {"reason": "breach", "until": "soon"}])
def test_a_deed_needs_its_answers(officer, institution, session, form):
    assert do(officer, institution, "suspend", **form).status_code == 422
    assert now_stored(session)[0].suspended_at is None


def test_cancelling_and_removing_are_for_good_and_audited(officer, client, institution, session):
    place = institution.locations[0]
    path = f"locations/{place.number}/remove"
    entry = f"/en/register/{institution.number}/{place.number}"
    assert client.get(entry).status_code == 200
    assert do(officer, institution, path, reason="closed").status_code == 303
    assert client.get(entry).status_code == 404
    assert do(officer, institution, path, reason="closed").status_code == 422
    assert do(officer, institution, "cancel", reason="breach").status_code == 303
    assert do(officer, institution, "suspend", reason="breach", until=in_days(3)).status_code == 422
    assert not listed(client)
    session.rollback()
    actions = set(session.exec(select(AuditEntry.action)).all())
    assert {"location.ended", "institution.ended"} <= actions


def test_an_institution_is_found_by_number_and_name(officer, institution):
    for words in (institution.number, institution.number.lower().replace("-", " "), "listed cl"):
        assert institution.number in officer.get(f"/en/staff/institutions/?q={words}").text
    assert "Nothing found" in officer.get("/en/staff/institutions/?q=nobody").text
