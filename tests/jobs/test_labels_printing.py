"""A batch of labels is printed whole and once, whatever happens to the worker."""

import re
import subprocess
from datetime import timedelta

import pytest
from flask import Flask
from sqlmodel import Session, select

import jobs.labels
from jobs.running import run_ticket, run_waiting
from portal.infra import claims, clock, queue
from portal.infra.db import unit_of_work
from portal.infra.files import open_clean
from portal.infra.tickets import State, Ticket, ticket_named
from portal.kernel.problems import Refused
from portal.labels import actions, printing_run
from portal.labels.models import Label, LabelBatch
from portal.labels.serials import in_groups
from portal.labels.sheets import SHEETS, SINGLE
from portal.registry.queries import location_numbered
from tests import labels as given

SHEET = SHEETS["a4-10"]


class Killed(BaseException):
    """Stands for a worker that is gone in the middle of its work."""


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "send_soon", lambda ids: None)
    monkeypatch.setattr(clock, "now", lambda: given.NOW)
    monkeypatch.setattr(jobs.labels, "now", lambda: given.NOW)


def ordered(app: Flask, session: Session, count: int, start: int = 1) -> LabelBatch:
    numbers = [place.number for place in given.places(session, count)]
    with unit_of_work(app) as db:
        return actions.order(
            db, numbers, sheet=SHEET, start=start, asked="o", by=given.OFFICER, now=given.NOW
        )


def ticket_of(app: Flask, batch: LabelBatch) -> Ticket:
    with unit_of_work(app) as db:
        found = ticket_named(db, actions.ticket_name(batch))
        assert found
        return found


def serials_printed(app: Flask, batch: LabelBatch) -> list[str]:
    """The serials in the kept PDF, in their order, as they stand on paper."""
    with unit_of_work(app) as db:
        kept = db.get_one(LabelBatch, batch.id)
        assert kept.file_id
        pdf = b"".join(open_clean(db, kept.file_id))
    done = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    lines = done.stdout.decode().splitlines()
    return [line for line in lines if re.fullmatch(r"([A-Z2-9]{4} ){6}[A-Z2-9]{4}", line)]


def serials_reserved(session: Session) -> list[str]:
    return [
        in_groups(label.serial) for label in given.rows(session, select(Label).order_by(Label.id))
    ]


def test_a_batch_is_printed_with_its_serials_each_once(app, session):
    batch = ordered(app, session, 53, start=4)
    run_waiting(app)
    ticket = ticket_of(app, batch)
    assert (ticket.state, ticket.total) == (State.DONE, 53)
    assert sorted(serials_printed(app, batch)) == sorted(serials_reserved(session))
    assert not printing_run.folder_of(batch).exists()


def test_a_second_run_changes_nothing(app, session):
    batch = ordered(app, session, 2)
    run_waiting(app)
    (kept,) = given.rows(session, select(LabelBatch))
    with unit_of_work(app) as db:
        jobs.labels.print_labels(db, batch_id=batch.id)
    (after,) = given.rows(session, select(LabelBatch))
    assert after.file_id == kept.file_id


def test_a_killed_worker_loses_no_label_and_doubles_none(app, session, monkeypatch):
    batch = ordered(app, session, 60)
    real, drawn = printing_run.draw, []

    def dying(faces, sheet, *, start):
        if len(drawn) == 1:
            raise Killed
        drawn.append(len(faces))
        return real(faces, sheet, start=start)

    monkeypatch.setattr(printing_run, "draw", dying)
    monkeypatch.setattr("jobs.running._end_badly", lambda *a: None)
    run_ticket(app, ticket_of(app, batch).id)
    assert given.rows(session, select(LabelBatch))[0].drawn_at is None
    again = []
    monkeypatch.setattr(
        printing_run, "draw",
        lambda faces, sheet, *, start: again.append(len(faces)) or real(faces, sheet, start=start),
    )  # fmt: skip
    monkeypatch.setattr(claims, "database_clock", lambda: 9e12)
    with unit_of_work(app) as db:
        claims.take_over(db, given.NOW)
    run_waiting(app)
    assert (drawn, again) == ([50], [10])
    assert sorted(serials_printed(app, batch)) == sorted(serials_reserved(session))


def test_what_has_become_worthless_is_left_out_and_said(app, session):
    batch = ordered(app, session, 3)
    gone = given.rows(session, select(Label))[1].location
    gone.ended_at = given.NOW - timedelta(hours=1)
    session.add(gone)
    session.commit()
    run_waiting(app)
    (kept,) = given.rows(session, select(LabelBatch))
    assert kept.left_out == 1 and len(serials_printed(app, batch)) == 2


def test_a_batch_of_which_nothing_is_left_ends(app, session):
    batch = ordered(app, session, 1)
    (label,) = given.rows(session, select(Label))
    label.location.ended_at = given.NOW - timedelta(hours=1)
    session.add(label.location)
    session.commit()
    run_waiting(app)
    (kept,) = given.rows(session, select(LabelBatch))
    assert kept.drawn_at and kept.file_id is None
    assert ticket_of(app, batch).state == State.DONE


def test_the_database_keeps_a_location_to_one_live_label(app, session):
    (place,) = given.places(session)
    with unit_of_work(app) as db:
        actions.order(db, [place.number], sheet=SINGLE, start=1, asked="a", by=given.OFFICER,
                      now=given.NOW)  # fmt: skip
    with pytest.raises(Refused, match="Somebody else"), unit_of_work(app) as db:
        second = actions._new_label(location_numbered(db, place.number), given.OFFICER, given.NOW)
        actions._batch(db, [second], sheet=SINGLE, start=1, asked="b", by=given.OFFICER,
                       now=given.NOW)  # fmt: skip


def test_a_reprint_frees_the_place_for_its_successor(app, session):
    (place,) = given.places(session)
    for asked, act in (("a", ""), ("b", "damaged")):
        with unit_of_work(app) as db:
            here = location_numbered(db, place.number)
            if act:
                actions.order_again(db, here, act, sheet=SINGLE, start=1, asked=asked,
                                    by=given.OFFICER, now=given.NOW)  # fmt: skip
            else:
                actions.order(db, [here.number], sheet=SINGLE, start=1, asked=asked,
                              by=given.OFFICER, now=given.NOW)  # fmt: skip
    old, new = given.rows(session, select(Label).order_by(Label.id))
    assert old.void_reason == "damaged" and new.replaces_id == old.id
