"""Where a case stands, as people are told it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.cases.models import Case
from portal.cases.rules import (
    STAGES,
    TURNS,
    Limits,
    Stage,
    State,
    Turn,
    documents_due,
    settled_at,
    setup_due,
)
from portal.infra.settings import settings
from portal.kernel.hktime import days_left

FINAL = {
    State.REGISTERED: Stage.REGISTERED,
    State.UNSUCCESSFUL: Stage.UNSUCCESSFUL,
    State.LAPSED: Stage.LAPSED,
    State.WITHDRAWN: Stage.WITHDRAWN,
    State.DRAFT: Stage.DRAFT,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Stage, whose turn it is, and the date that counts now, if one does."""

    stage: Stage
    deadline: datetime | None
    days: int

    @property
    def words(self) -> str:
        return STAGES[self.stage][0]

    @property
    def colour(self) -> str:
        return STAGES[self.stage][1]

    @property
    def turn(self) -> Turn:
        return STAGES[self.stage][2]

    @property
    def turn_words(self) -> str:
        return TURNS[self.turn]


def limits() -> Limits:
    """The scheme's days as they are set now."""
    s = settings()
    return Limits(s.settling_days, s.documents_days, s.setup_days, s.support_days)


def standing(case: Case, now: datetime, *, complete: bool) -> Standing:
    """Where `case` stands at `now`; `complete`: whether all documents are there and clean."""
    stage = FINAL.get(State(case.state)) or _open_stage(case, complete)
    deadline = _deadline(case, stage)
    return Standing(stage, deadline, _days(stage, deadline, now) if deadline else 0)


def _days(stage: Stage, deadline: datetime, now: datetime) -> int:
    """Days until the day that counts: the last one of a limit, the first one it is effective."""
    begins = stage is Stage.SETTLING
    return days_left(deadline if begins else deadline - timedelta(seconds=1), now)


def _open_stage(case: Case, complete: bool) -> Stage:
    if case.state == State.ACCEPTED:
        return Stage.SETTLING if case.installed_at else Stage.SET_UP
    if not complete:
        return Stage.DOCUMENTS
    return Stage.REVIEW if case.opened_at else Stage.SUBMITTED


def _deadline(case: Case, stage: Stage) -> datetime | None:
    if stage is Stage.DOCUMENTS and case.submitted_at:
        return documents_due(case.submitted_at, limits())
    if stage is Stage.SET_UP and case.decided_at:
        return setup_due(case.decided_at, limits(), case.handed_over_at)
    if stage is Stage.SETTLING and case.handed_over_at:
        return settled_at(case.handed_over_at, limits())
    return None
