"""What all questions have in common: how they are declared, read, judged and kept."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, runtime_checkable

from wtforms import Field
from wtforms.utils import unset_value

from portal.forms.cleaning import Wrong
from portal.kernel.text import N_, Said

Answers = Mapping[str, Any]
Asked = Callable[[Answers], bool]
Check = Callable[[Any], str | Said | None]


@runtime_checkable
class Named(Protocol):
    """Something from a dated table that carries its name in the three languages."""

    name_en: str
    name_tc: str
    name_sc: str


Label = str | Said | Named
"""Words of the product: a msgid, a sentence with values, or a name in three languages."""

Value = str | Said | Named | date
"""A part of an answer as it is shown. A plain str is what the person typed: never translated."""


def always(_answers: Answers) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class When:
    """A question is asked when an earlier one of the same form has one of these answers.

    Unlike a plain function it can be drawn: as a question that opens below its radio button.
    """

    key: str
    values: tuple[object, ...]

    def __call__(self, answers: Answers) -> bool:
        found = answers.get(self.key)
        given = found if isinstance(found, list) else [found]
        return any(value in self.values for value in given)


def when(key: str, *values: object) -> When:
    """`asked=when("kind", "PH", "DPC")`: asked if `kind` was answered with either."""
    return When(key, values)


class Question(Field):
    """One question of a step.

    `asked` sees the answers given earlier: those of other steps passed in as `given`, and of the
    questions declared above this one. `public` answers are printed in the register, `personal`
    ones are masked in logs and the audit trail. `checks` get the cleaned value and return a
    sentence or None. A question takes what was typed and what was kept alike, judges both the
    same way, and keeps what was typed when it is not sound.
    """

    kind: str = ""
    """Which branch of the macro `ui.field` draws it."""
    opens_others: bool = False
    """Whether questions can be drawn under its choices."""
    nothing: Any = ""
    """What an empty answer is, cleaned."""

    tables: Any = None
    """The snapshot of dated tables the form was made with."""
    form: Any = None

    def __init__(
        self,
        label: str | Said = "",
        *,
        hint: str | Said = "",
        public: bool = False,
        personal: bool = False,
        asked: Asked = always,
        optional: bool = False,
        missing: str | Said = "",
        checks: Iterable[Check] = (),
        autocomplete: str = "",
        width: str = "",
        speaks: str = "",
        **wtforms: Any,
    ) -> None:
        super().__init__(str(label), **wtforms)
        self.title = label
        self.hint = hint
        self.public = public
        self.personal = personal
        self.asked = asked
        self.optional = optional
        self.missing = missing
        self.checks = tuple(checks)
        self.autocomplete = autocomplete
        self.width = width
        self.speaks = speaks

    # Reading: from a browser's form or from kept JSON, to `typed`.

    def from_form(self, values: list[str]) -> Any:
        return values[0] if values else self.nothing

    def from_kept(self, value: Any) -> Any:
        return self.nothing if value is None else value

    def process(
        self,
        formdata: Any,
        data: Any = unset_value,
        extra_filters: Any = None,
    ) -> None:
        super().process(formdata, data, extra_filters)
        self.judge()

    def process_data(self, value: Any) -> None:
        self.typed = self.from_kept(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.typed = self.from_form(valuelist)

    # Judging: from `typed` to `cleaned`, or a problem.

    def judge(self) -> None:
        """Set `cleaned` and `wrong` from `typed`. WTForms' `data` is the cleaned value."""
        self.wrong: Wrong | None = None
        self.cleaned: Any = self.nothing
        self.complaints: tuple[str | Said, ...] = ()
        try:
            self.cleaned = self.clean(self.typed)
            self.check(self.cleaned)
        except Wrong as wrong:
            self.wrong = wrong
        self.data = self.cleaned

    def clean(self, typed: Any) -> Any:
        """`typed` made fit to keep.

        Raises:
            Wrong: it cannot be.
        """
        return typed

    def check(self, cleaned: Any) -> None:
        if cleaned == self.nothing:
            if not self.optional:
                raise Wrong(self.missing or self.missing_message())
            return
        for check in self.checks:
            message = check(cleaned)
            if message:
                raise Wrong(message)

    def missing_message(self) -> str | Said:
        return Said(N_("Enter an answer to “%(question)s”"), question=self.named())

    def named(self) -> Said:
        """The question's label as a part of another sentence."""
        return self.title if isinstance(self.title, Said) else Said(self.title)

    def pre_validate(self, form: Any) -> None:
        if self.wrong:
            raise self.wrong

    # Keeping and showing.

    @property
    def kept(self) -> Any:
        """What a draft keeps, as JSON: the cleaned answer, or what was typed if it is not sound."""
        return self.typed if self.wrong and self.cleaned == self.nothing else self.to_kept()

    def to_kept(self) -> Any:
        return self.cleaned

    def shown(self) -> tuple[Value, ...]:
        """The answer for reading; () when there is none."""
        return (str(self.kept),) if self.kept else ()

    @property
    def anchor(self) -> str:
        """The id of the control to put right: where the error summary's link leads."""
        return self.id

    @property
    def opens_below(self) -> bool:
        """Whether it is drawn under the radio button or tick box that asks for it."""
        if not isinstance(self.asked, When) or self.form is None or len(self.asked.values) != 1:
            return False
        above = self.form.question(self.asked.key)
        return above is not None and above.opens_others

    def revealed(self, value: object) -> list["Question"]:
        """The questions of the same form that open below the choice `value` of this one."""
        below = (q for q in self.form.questions() if q.opens_below)
        return [q for q in below if q.asked == When(self.short_name, (value,))]

    def depends(self) -> dict[str, str]:
        """Attributes for the script that hides a question while it is not asked.

        Only where it stands by itself and its cause is in the same form; without the script it
        is always to be seen.
        """
        if not isinstance(self.asked, When) or self.form is None or self.opens_below:
            return {}
        cause = self.form.question(self.asked.key)
        if cause is None:
            return {}
        values = " ".join(cause.coded(value) for value in self.asked.values)
        return {"data-asked-by": cause.name, "data-asked-when": values}

    def coded(self, value: object) -> str:
        """A value as the browser's form has it."""
        return str(value)
