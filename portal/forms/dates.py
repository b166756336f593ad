"""A question answered with a calendar date, in three boxes as the design system has it."""

import calendar
import re
from datetime import date
from typing import Any, NoReturn

from portal.forms.base import Question, Value
from portal.forms.cleaning import Wrong, compact
from portal.kernel.text import N_, Said

PARTS = ("day", "month", "year")
MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if n}
MISSING = {
    "day": N_("“%(question)s” must include a day"),
    "month": N_("“%(question)s” must include a month"),
    "year": N_("“%(question)s” must include a year of 4 figures"),
}
UNREAL = {
    "day": N_("“%(question)s” must be a real date: check the day"),
    "month": N_("“%(question)s” must be a real date: check the month"),
    "year": N_("“%(question)s” must include a year of 4 figures"),
}


class DateField(Question):
    """A calendar date in Hong Kong, kept as "2026-02-28", from `earliest` to `latest` inclusive.

    What is typed is kept as {"day": …, "month": …, "year": …} until it is a date. Months may
    be written as English names, figures in full width, and 日 月 年 after them.
    """

    kind = "date"
    nothing = None

    def __init__(
        self,
        label: str | Said = "",
        *,
        earliest: date | None = None,
        latest: date | None = None,
        **declared: Any,
    ) -> None:
        super().__init__(label, **declared)
        self.earliest = earliest
        self.latest = latest

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        self.bad_part = "day"
        super().process(formdata and _Boxes(formdata, self.name), *args, **kwargs)

    def from_form(self, values: list[Any]) -> dict[str, str]:
        return values[0] if values else dict.fromkeys(PARTS, "")

    def from_kept(self, value: Any) -> dict[str, str]:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return dict(zip(("year", "month", "day"), _unpadded(value), strict=True))
        kept = value if isinstance(value, dict) else {}
        return {part: str(kept.get(part) or "") for part in PARTS}

    def clean(self, typed: dict[str, str]) -> date | None:
        written = {part: compact(typed[part]).rstrip("日月年") for part in PARTS}
        if not any(written.values()):
            return None
        for part in PARTS:
            if not written[part]:
                self.refuse(part, MISSING[part])
        figures = {part: self.figure(part, written[part]) for part in PARTS}
        try:
            return self.within(date(**figures))
        except ValueError as error:
            if isinstance(error, Wrong):
                raise
            self.refuse("day", UNREAL["day"])

    def figure(self, part: str, written: str) -> int:
        if part == "month" and written[:3].lower() in MONTHS:
            return MONTHS[written[:3].lower()]
        widest = {"day": r"0?[1-9]|[12]\d|3[01]", "month": r"0?[1-9]|1[0-2]", "year": r"[12]\d{3}"}
        if not re.fullmatch(widest[part], written, re.ASCII):
            self.refuse(part, UNREAL[part])
        return int(written)

    def within(self, day: date) -> date:
        if self.earliest and day < self.earliest:
            self.refuse("year", N_("“%(question)s” must be %(limit)s or later"), self.earliest)
        if self.latest and day > self.latest:
            self.refuse("year", N_("“%(question)s” must be %(limit)s or earlier"), self.latest)
        return day

    def refuse(self, part: str, msgid: str, limit: date | None = None) -> NoReturn:
        self.bad_part = part
        raise Wrong(Said(msgid, question=self.named(), limit=limit))

    def to_kept(self) -> str | None:
        return self.cleaned.isoformat() if self.cleaned else None

    def shown(self) -> tuple[Value, ...]:
        if self.cleaned:
            return (self.cleaned,)
        written = " ".join(self.typed[part] for part in PARTS if self.typed[part])
        return (written,) if written else ()

    @property
    def anchor(self) -> str:
        return self.id if self.bad_part == "day" else f"{self.id}-{self.bad_part}"


class _Boxes:
    """The three boxes of one date read as if they were one value of the form."""

    def __init__(self, formdata: Any, name: str) -> None:
        self.typed = {part: formdata.get(f"{name}-{part}", "") for part in PARTS}

    def __contains__(self, _name: str) -> bool:
        return True

    def getlist(self, _name: str) -> list[dict[str, str]]:
        return [self.typed]


def _unpadded(iso: str) -> list[str]:
    return [str(int(figures)) for figures in iso.split("-")]
