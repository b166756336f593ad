"""What staff see of work for later: failures with a button, and what is due."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from portal.infra.db import apart
from portal.infra.tickets import Job, enqueue
from portal.infra.tickets_models import State, Ticket
from portal.staff.work_routes import WORDS


def test_every_job_has_words():
    assert set(WORDS) == set(Job)


@pytest.fixture
def ticket(app) -> Ticket:
    with app.app_context(), apart() as db:
        later = datetime.now(UTC) + timedelta(days=3)
        made = enqueue(db, Job.MAKE_EFFECTIVE, once="effective:TEST", due=later, case_id=1)
    return made


@pytest.mark.parametrize("lang", ["en", "tc", "sc"])
def test_what_is_due_is_shown(ticket, sign_in, supervisor, lang):
    assert "effective:TEST" in sign_in(supervisor).get(f"/{lang}/staff/due/").text


def test_failed_work_is_tried_again_by_a_button(app, ticket, sign_in, supervisor, session: Session):
    stored = session.get_one(Ticket, ticket.id)
    stored.state, stored.finished_at = State.FAILED, datetime.now(UTC)
    stored.problem = "smtp 550"
    session.add(stored)
    session.commit()
    client = sign_in(supervisor)
    assert "smtp 550" in client.get("/en/staff/due/").text
    assert client.post(f"/en/staff/due/{ticket.id}").status_code == 303
    session.rollback()
    again = session.exec(select(Ticket).where(Ticket.id == ticket.id)).one()
    session.refresh(again)
    assert again.state == State.WAITING
    assert client.post(f"/en/staff/due/{ticket.id}").status_code == 404
