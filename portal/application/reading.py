"""The answers of an application for reading: on the check page, in the staff's view, on paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from portal.application.actions import given
from portal.application.steps import STEPS
from portal.cases.models import Answer, Case
from portal.cases.queries import answer_to, rows_count, rows_of
from portal.forms.fields import Answers, Shown, Step, shown_in
from portal.kernel.text import Said
from portal.registry.scheme import Scheme

ROWS_AT_ONCE = 15
"""Users or locations on one page: 500 of them at once are megabytes and seconds."""


@dataclass(frozen=True, slots=True)
class Block:
    """The answers of one step, or of one row of it, for reading."""

    step: Step
    row: str
    title: str | Said
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one page shows of a step: all of it, or a page of its `count` rows."""

    step: Step
    blocks: tuple[Block, ...]
    count: int = 1
    page: int = 1
    pages: int = 1

    @property
    def first(self) -> int:
        return (self.page - 1) * ROWS_AT_ONCE + 1

    @property
    def last(self) -> int:
        return min(self.page * ROWS_AT_ONCE, self.count)


def parts(db: Session, case: Case, scheme: Scheme, pages: Mapping[str, int]) -> list[Part]:
    """Step by step what a page shows; `pages`: which page of its rows, by the step's key."""
    return [
        _page_of(db, case, step, scheme, pages.get(step.key, 1))
        if step.many
        else Part(step, (_only(db, case, step, scheme),))
        for step in STEPS
    ]


def everything(db: Session, case: Case, scheme: Scheme) -> list[Block]:
    """All answers at once, step by step and row by row: for the paper, not for a page."""
    found: list[Block] = []
    for step in STEPS:
        if step.many:
            found += _blocks(case, step, scheme, rows_of(db, case, step.key))
        else:
            found.append(_only(db, case, step, scheme))
    return found


def pages_for(count: int) -> int:
    return max(1, -(-count // ROWS_AT_ONCE))


def page_with(place: int) -> int:
    """The page on which the row stands that has `place` others before it."""
    return place // ROWS_AT_ONCE + 1


def _page_of(db: Session, case: Case, step: Step, scheme: Scheme, wanted: int) -> Part:
    count, _unsound = rows_count(db, case, step.key)
    number = min(max(wanted, 1), pages_for(count))
    rows = rows_of(db, case, step.key, first=(number - 1) * ROWS_AT_ONCE, size=ROWS_AT_ONCE)
    blocks = _blocks(case, step, scheme, rows)
    return Part(step, tuple(blocks), count, number, pages_for(count))


def _blocks(case: Case, step: Step, scheme: Scheme, rows: Sequence[Answer]) -> list[Block]:
    forms = step.filled_rows((row.answers for row in rows), **_around(case, scheme))
    return [
        Block(step, row.row, step.row_title(row.answers), shown_in(form))
        for row, form in zip(rows, forms, strict=True)
    ]


def _only(db: Session, case: Case, step: Step, scheme: Scheme) -> Block:
    answer = answer_to(db, case, step.key)
    form = step.filled(answer.answers if answer else {}, **_around(case, scheme))
    return Block(step, "", step.title, shown_in(form))


def _around(case: Case, scheme: Scheme) -> dict[str, Scheme | Answers]:
    return {"tables": scheme, "given": given(case, scheme)}
