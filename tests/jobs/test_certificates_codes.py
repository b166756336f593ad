"""P11: a code fetches a key once, however many ask at the same moment; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlmodel import select

from jobs.running import run_waiting
from jobs.worker import import_jobs
from portal.cases.models import Case
from portal.certificates import actions, code_actions
from portal.certificates.code_actions import in_fours
from portal.certificates.models import Certificate, InstallationCode
from portal.certificates.rules import CODE_DAYS, Side
from portal.certificates.set_up_queries import Desk, certificate_of_place
from portal.infra.db import unit_of_work
from portal.infra.settings import settings
from portal.kernel.hktime import end_of_hk_day, hk_date
from portal.kernel.problems import Refused
from portal.registry.models import Institution
from tests import certificates as given

AT_ONCE = 40
CODE = "ABC2DE3FGH4JKL5M"


@pytest.fixture
def ours(app: Flask, applicant) -> given.Accepted:
    """A place with an issued certificate whose key we made, and a code that is known here."""
    import_jobs()
    given.authority(app)
    ours = given.accepted(app, applicant)
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        place = given.place_numbered(db, ours.places[0])
        actions.ask_for_made_key(db, place, asked="made", by="person:1", now=now, real=now)
    run_waiting(app)
    with unit_of_work(app) as db:
        code_actions.send(db, ours.id, applicant.id, now=now)
        kept = db.exec(select(InstallationCode)).one()
        kept.code_hash = code_actions._hash(ours.id, CODE)
        db.add(kept)
    return ours


def fetch(app: Flask, ours: given.Accepted, code: str) -> bytes | str:
    """One request: the file, or what was said instead."""
    now = datetime.now(UTC)
    with app.app_context():
        try:
            with unit_of_work(app) as db:
                desk = Desk(db.get_one(Institution, ours.id), None, Side.INSTITUTION)
                place = given.place_numbered(db, ours.places[0])
                wanted = db.exec(select(Certificate.id)).one()
                found = certificate_of_place(db, place, wanted)
                return code_actions.fetch(
                    db, desk, place, found, code, by="person:1", now=now, real=now
                )
        except Refused as refused:
            return str(refused)


def test_of_forty_at_once_one_gets_the_file(app, ours, session):
    with ThreadPoolExecutor(AT_ONCE) as together:
        answers = list(together.map(lambda _: fetch(app, ours, CODE), range(AT_ONCE)))
    assert sum(isinstance(answer, bytes) for answer in answers) == 1
    assert {a for a in answers if isinstance(a, str)} == {code_actions.FETCHED}
    session.rollback()
    row = session.exec(select(Certificate)).one()
    assert row.sealed_key is None and row.fetched_at is not None


def test_forty_wrong_tries_at_once_are_all_counted_until_the_code_is_void(app, ours, session):
    def wrong(_number: int) -> None:
        # As the route does: what was tried is kept although the answer is no.
        now = datetime.now(UTC)
        with app.app_context(), unit_of_work(app) as db:
            desk = Desk(db.get_one(Institution, ours.id), None, Side.INSTITUTION)
            place = given.place_numbered(db, ours.places[0])
            found = db.exec(select(Certificate)).one()
            with pytest.raises(Refused):
                code_actions.fetch(db, desk, place, found, "AAAA", by="x", now=now, real=now)

    with ThreadPoolExecutor(AT_ONCE) as together:
        list(together.map(wrong, range(AT_ONCE)))
    session.rollback()
    kept = session.exec(select(InstallationCode)).one()
    assert kept.wrong_tries == 5 and kept.voided_at is not None
    assert fetch(app, ours, in_fours(CODE)) == code_actions.NO_CODE


@pytest.mark.parametrize(
    ("accepted", "handed_over", "until"),
    [
        (0, 0, settings().setup_days),
        (-50, -3, CODE_DAYS),
        (-70, -12, CODE_DAYS),
        (-70, None, CODE_DAYS),
    ],
)
def test_a_new_code_lasts_as_long_as_the_set_up_and_is_never_born_expired(
    app, ours, session, applicant, accepted, handed_over, until
):
    """A letter that left late moves the limit; the code for what is still open moves with it."""
    now = datetime.now(UTC)
    with unit_of_work(app) as db:
        case = db.exec(select(Case)).one()
        case.decided_at = now + timedelta(days=accepted)
        case.handed_over_at = None if handed_over is None else now + timedelta(days=handed_over)
        db.add(case)
    with unit_of_work(app) as db:
        code_actions.send(db, ours.id, applicant.id, now=now)
    session.rollback()
    newest = session.exec(select(InstallationCode).order_by(InstallationCode.id.desc())).first()
    assert newest.expires_at == end_of_hk_day(hk_date(now + timedelta(days=until)))
