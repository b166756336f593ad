"""What is done with labels: ordering a batch, printing one anew, counting a check."""

import re
from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from portal.infra.audit import record
from portal.infra.guards import Who
from portal.infra.settings import settings
from portal.infra.tickets import Job, enqueue
from portal.kernel.hktime import hk_date
from portal.kernel.identifiers import new_code
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_, Said
from portal.labels.drawing import flaws
from portal.labels.faces import Flaw
from portal.labels.models import Label, LabelBatch, LabelCheck, LabelPrint
from portal.labels.printing_run import face_of
from portal.labels.queries import Choice, locations_numbered
from portal.labels.rules import ANOTHER_DOOR, LARGEST_BATCH, REPRINT_REASONS, Verdict
from portal.labels.serials import new_serial
from portal.labels.sheets import SHEETS, TEMPLATE, Sheet
from portal.registry.models import ServiceLocation
from portal.registry.queries import is_listed

NO_MARK = N_(
    "Labels cannot be printed yet: the eHealth mark is missing. Ask the operator to set LABEL_MARK."
)
SHOWN_FLAWS = 20
"""Problems listed at once; the rest shows when these are mended."""


def sheet_called(key: str, start: str | int = 1) -> tuple[Sheet, int]:
    """The paper and the position of the first label, as chosen in a form.

    Raises:
        Refused: there is no such paper, or no such position on it.
    """
    sheet = SHEETS.get(key)
    if sheet is None:
        raise _wrong("sheet", N_("Choose the paper"))
    if not re.fullmatch("[0-9]{1,4}", str(start)) or not 1 <= int(start) <= sheet.places:
        text = Said(N_("The first position is a number from 1 to %(last)s"), last=sheet.places)
        raise _wrong("start", text)
    return sheet, int(start)


def may_print(
    db: Session, numbers: Sequence[str], sheet: Sheet, *, again: bool = False, now: datetime
) -> list[Choice]:
    """The locations with these numbers, if every one of them can be printed on `sheet`.

    Raises:
        Refused: none was chosen or too many, one may not have a label, has one already
            (unless `again`), or holds a character no font has.
    """
    if settings().production and not settings().label_mark:
        raise Refused(NO_MARK)
    chosen = locations_numbered(db, numbers)
    if not chosen or len(chosen) < len(set(numbers)):
        raise _wrong("number", N_("Choose at least one location from the list"))
    if len(chosen) > LARGEST_BATCH:
        most = Said(N_("Choose at most %(limit)s locations at once"), limit=LARGEST_BATCH)
        raise _wrong("number", most)
    problems = [p for choice in chosen for p in _problems(choice, sheet, again, now)]
    if problems:
        text = N_("These labels cannot be printed as they are")
        raise Refused(text, tuple(problems[:SHOWN_FLAWS]))
    return chosen


def _problems(choice: Choice, sheet: Sheet, again: bool, now: datetime) -> list[Problem]:
    place, at = choice.location, "number"
    if not is_listed(place, now):
        text = N_("%(number)s: the registration is not effective, so it gets no label")
        return [Problem(at, Said(text, number=place.number))]
    if choice.label and not again:
        text = N_("%(number)s has a label already: print it anew from the location’s page")
        return [Problem(at, Said(text, number=place.number))]
    face = face_of(place, "A" * 28, hk_date(now))
    return [Problem(at, _said(flaw, place)) for flaw in flaws(face, sheet)]


def _said(flaw: Flaw, place: ServiceLocation) -> Said:
    if flaw.too_long:
        text = N_("%(number)s: the name and address are too long for this paper")
        return Said(text, number=place.number)
    named = " ".join(f"{c} (U+{ord(c):04X})" if c.isprintable() else f"U+{ord(c):04X}"
                     for c in flaw.characters)  # fmt: skip
    text = N_("%(number)s: no font has these characters of the name or address: %(characters)s")
    return Said(text, number=place.number, characters=named)


def _wrong(at: str, message: str | Said) -> Refused:
    return Refused(message, (Problem(at, message),))


def order(
    db: Session,
    numbers: Sequence[str],
    *,
    sheet: Sheet,
    start: int,
    asked: str,
    by: Who,
    now: datetime,
) -> LabelBatch:
    """Order first labels for these locations; `asked` names the order, twice makes one batch.

    The serials are on record when this is: a worker that dies draws the same ones again.

    Raises:
        Refused: see `may_print`.
    """
    if done := _ordered_before(db, asked):
        return done
    chosen = may_print(db, numbers, sheet, now=now)
    labels = [_new_label(choice.location, by, now) for choice in chosen]
    return _batch(db, labels, sheet=sheet, start=start, asked=asked, by=by, now=now)


def order_again(
    db: Session,
    location: ServiceLocation,
    reason: str,
    *,
    sheet: Sheet,
    start: int,
    asked: str,
    by: Who,
    now: datetime,
) -> LabelBatch:
    """Print a location's label anew: with the same serial for another door, else with a new one.

    The old serial is void from this instant, in the same transaction.

    Raises:
        Refused: no reason was given, or see `may_print`.
    """
    if done := _ordered_before(db, asked):
        return done
    choice = may_print_again(db, location, reason, sheet, now=now)
    if choice.label is None:
        label = _new_label(location, by, now)
    elif reason == ANOTHER_DOOR:
        label = choice.label
    else:
        label = _replaced(db, choice.label, reason, by, now)
    return _batch(db, [label], sheet=sheet, start=start, asked=asked, by=by, now=now)


def may_print_again(
    db: Session, location: ServiceLocation, reason: str, sheet: Sheet, *, now: datetime
) -> Choice:
    """The location with the label that it has.

    Raises:
        Refused: no reason was given, or see `may_print`.
    """
    if reason not in {*REPRINT_REASONS, ANOTHER_DOOR}:
        raise _wrong("reason", N_("Say why the label is printed again"))
    (choice,) = may_print(db, [location.number], sheet, again=True, now=now)
    return choice


def _ordered_before(db: Session, asked: str) -> LabelBatch | None:
    return db.scalars(select(LabelBatch).where(col(LabelBatch.asked) == asked)).one_or_none()


def _new_label(location: ServiceLocation, by: Who, now: datetime) -> Label:
    assert location.id is not None
    return Label(
        serial=new_serial(),
        location_id=location.id,
        template=TEMPLATE,
        made_by=f"person:{by.id}",
        made_at=now,
        location=location,
    )


def _replaced(db: Session, old: Label, reason: str, by: Who, now: datetime) -> Label:
    old.voided_at, old.void_reason = now, reason
    db.add(old)
    # Voided in the database before the new one comes: a location has one live label.
    db.flush()
    record(
        db, "label.voided", by=f"person:{by.id}", at=now, subject=f"label:{old.id}", reason=reason
    )
    new = _new_label(old.location, by, now)
    new.replaces_id = old.id
    return new


def _batch(
    db: Session,
    labels: list[Label],
    *,
    sheet: Sheet,
    start: int,
    asked: str,
    by: Who,
    now: datetime,
) -> LabelBatch:
    batch = LabelBatch(
        reference=new_code(),
        asked=asked or token_hex(16),
        sheet=sheet.key,
        start=start,
        size=len(labels),
        ordered_by=f"person:{by.id}",
        ordered_at=now,
    )
    db.add(batch)
    db.add_all(labels)
    try:
        db.flush()
    except IntegrityError as error:
        raise Refused(N_("Somebody else has just ordered one of these labels")) from error
    assert batch.id is not None
    db.add_all(
        LabelPrint(batch_id=batch.id, label_id=label.id, position=position)  # type: ignore[arg-type]
        for position, label in enumerate(labels)
    )
    record(
        db, "label_batch.ordered", by=batch.ordered_by, at=now,
        subject=f"label_batch:{batch.reference}", sheet=sheet.key, size=batch.size,
    )  # fmt: skip
    enqueue(db, Job.PRINT_LABELS, once=ticket_name(batch), total=batch.size, batch_id=batch.id)
    return batch


def ticket_name(batch: LabelBatch) -> str:
    return f"labels:{batch.reference}"


def count_check(db: Session, label: Label | None, verdict: Verdict, now: datetime) -> None:
    """Note that a serial was checked: the day, the label and the answer, not who asked."""
    dialect = postgresql if db.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(LabelCheck).values(
        day=hk_date(now), label_id=(label.id if label else 0), verdict=str(verdict), times=1
    )
    db.execute(
        first.on_conflict_do_update(
            index_elements=["day", "label_id", "verdict"],
            set_={"times": col(LabelCheck.times) + 1},
        )
    )
