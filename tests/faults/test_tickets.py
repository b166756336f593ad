"""Kill -9 of every part while tickets run: nothing is lost and nothing happens twice.

Promises P1 to P5 of docs/security.md: the long variants run with the real lease and more work.
"""

import os
import signal
import sys
import time

import pytest
from sqlmodel import Session, select

from portal.infra import db
from portal.infra.tickets import State, Ticket, enqueue
from tests.faults.stage import Stage
from tests.faults.trial import JOB, POISON
from tests.services import wait_until

pytestmark = pytest.mark.alone

both = pytest.mark.parametrize("stage", ["sqlite", "postgresql"], indirect=True)
one = pytest.mark.parametrize("stage", ["postgresql"], indirect=True)

PARTS = ["worker1", "web", "redis", "worker2", "relay"]


def told(line: str) -> None:
    """Shown with -s, and by pytest when the test fails."""
    sys.stdout.write(line + "\n")


def perform(stage: Stage, count: int, rounds: int, settled: float) -> None:
    for name in ("worker1", "worker2"):
        stage.start(name, "worker")
    stage.start("relay", "relay")
    stage.hand_in(count, pace=0.02)
    stage.kill_in_turn(PARTS, rounds, (0.1, 0.6))
    took = stage.settle(settled)
    effects, answered = stage.effects(), set(stage.acknowledged())
    told(f"kills {dict(stage.kills)}, in work {dict(stage.in_window)}, settled {took:.1f} s")
    assert stage.tickets(State.FAILED) == 0
    assert answered == set(range(count))
    assert answered - set(effects) == set(), "acknowledged and lost"
    assert {n for n, times in effects.items() if times > 1} == set(), "happened twice"
    assert stage.tickets() == count
    assert sum(stage.in_window.values()) >= 5, "killed the idle"
    assert stage.in_window["worker"] >= 2


@both
def test_kills_of_every_part_lose_and_double_nothing(stage: Stage) -> None:
    perform(stage, 500, rounds=2, settled=40)


@one
def test_the_straightforward_way_loses_or_doubles_on_the_same_stage(stage: Stage) -> None:
    stage.prefix = "naive-"
    for name in ("worker1", "worker2"):
        stage.start(name, "worker")
    stage.hand_in(400, pace=0.02)
    stage.kill_in_turn(["web", "worker1", "web", "redis", "web"], 2, (0.1, 0.6))
    waited_for_dead_workers = time.monotonic() + 12
    while time.monotonic() < waited_for_dead_workers and len(stage.effects()) < 400:
        time.sleep(0.2)
    effects = stage.effects()
    lost = set(stage.acknowledged()) - set(effects)
    doubled = [number for number, times in effects.items() if times > 1]
    told(f"kills {dict(stage.kills)}, {stage.in_window['web']} of web between commit and answer:")
    told(f"{len(lost)} lost, {len(doubled)} happened twice")
    assert lost


@one
def test_a_job_that_kills_its_worker_stops_and_harms_no_neighbour(stage: Stage) -> None:
    with Session(db.engine()) as session:
        enqueue(session, POISON, once="poison", number=0)
        for number in range(20):
            enqueue(session, JOB, once=f"trial:{number}", number=number)
        session.commit()
    stage.start("worker", "worker")
    stage.start("relay", "relay")
    deaths = 0
    give_up = time.monotonic() + 60
    while stage.tickets(State.WAITING, State.RUNNING) and time.monotonic() < give_up:
        if stage.processes["worker"].poll() is not None:
            deaths += 1
            assert stage.processes["worker"].returncode == -signal.SIGKILL
            stage.start("worker", "worker")
        time.sleep(0.05)
    with Session(db.engine()) as session:
        [failed] = session.exec(select(Ticket).where(Ticket.state != State.DONE))
    assert (failed.once, failed.state, failed.problem) == ("poison", State.FAILED, "WorkerDied")
    assert failed.attempts == deaths == 3
    assert set(stage.effects().values()) == {1}
    assert len(stage.effects()) == 20


@one
def test_a_deploy_repeats_nothing(stage: Stage) -> None:
    for name in ("worker1", "worker2"):
        stage.start(name, "worker")
    stage.start("relay", "relay")
    stage.hand_in(400, pace=0.01)
    for turn in range(5):
        wait_until(lambda turn=turn: len(stage.effects()) > turn * 40)
        name = f"worker{turn % 2 + 1}"
        assert stage.terminate(name) <= 5
        stage.start(name, "worker")
    wait_until(lambda: len(stage.acknowledged()) == 400)
    stage.settle(30)
    with Session(db.engine()) as session:
        assert set(session.exec(select(Ticket.attempts))) == {1}
    assert len(stage.effects()) == 400


@pytest.mark.long
@both
def test_kills_over_a_long_time(stage: Stage) -> None:
    stage.lease = "15"
    perform(stage, 20_000, rounds=60, settled=60)


@pytest.mark.long
@one
def test_work_of_a_killed_worker_resumes_within_half_a_minute(stage: Stage) -> None:
    stage.lease = "15"
    stage.start("relay", "relay")
    for number in range(12):
        stage.start("worker", "worker")
        with Session(db.engine()) as session:
            enqueue(session, JOB, once=f"trial:{number}", number=number)
            session.commit()
        wait_until(lambda: stage.tickets(State.RUNNING) == 1)
        os.kill(stage.processes["worker"].pid, signal.SIGKILL)
        stage.processes["worker"].wait()
        if stage.tickets(State.RUNNING) == 0:
            continue
        stage.start("worker", "worker")
        assert stage.settle(30) <= 30
        stage.processes["worker"].kill()
        stage.processes["worker"].wait()
