"""A step: a form declared once, from which everything else about it is derived."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wtforms import Form

from portal.forms.base import Answers, Question, Value, When
from portal.kernel.problems import Problem
from portal.kernel.text import Said


class StepForm(Form):
    """The questions of a step, filled in from a browser's form or from kept answers.

    `tables` is the snapshot of dated tables that choices come from; `given` are answers of
    earlier steps that decide what is asked here.
    """

    def __init__(
        self,
        formdata: Any = None,
        answers: Answers | None = None,
        *,
        tables: Any = None,
        given: Answers | None = None,
        prefix: str = "",
    ) -> None:
        self.tables = tables
        self.given: Answers = given or {}
        self.found: tuple[Problem, ...] = ()
        super().__init__(formdata, data=answers or {}, prefix=prefix)

    def process(self, *args: Any, **kwargs: Any) -> None:
        for question in self.questions():
            question.tables = self.tables
            question.form = self
        super().process(*args, **kwargs)

    def read(self, answers: Answers) -> "StepForm":
        """This form with other kept answers in it: for many rows, cheaper than a form for each."""
        self.found = ()
        self.process(None, data=answers)
        return self

    def questions(self) -> list[Question]:
        return [field for field in self if isinstance(field, Question)]

    def question(self, key: str) -> Question | None:
        found = self._fields.get(key)
        return found if isinstance(found, Question) else None

    def asked(self) -> Iterator[Question]:
        """The questions asked, given the answers so far, in order."""
        so_far = dict(self.given)
        for question in self.questions():
            if question.asked(so_far):
                so_far[question.short_name] = question.kept
                yield question

    def drawn(self) -> list[Question]:
        """The questions to draw one below the other. Those that open below a choice are not here.

        A question that depends on an answer of the same form is drawn in any case: without
        JavaScript nobody could get at it otherwise. The answer is dropped if it is not asked.
        """
        asked = set(self.asked())
        return [q for q in self.questions() if not q.opens_below and (q in asked or self.within(q))]

    def within(self, question: Question) -> bool:
        return isinstance(question.asked, When) and self.question(question.asked.key) is not None

    def answers(self) -> dict[str, Any]:
        """What a draft keeps, as JSON, sound or not: answers to the questions asked."""
        return {question.short_name: question.kept for question in self.asked()}

    def cleaned(self) -> dict[str, Any]:
        """The answers as Python values (dates as dates); empty ones are the question's nothing."""
        return {question.short_name: question.cleaned for question in self.asked()}

    def problems(self, *, later: bool = False) -> tuple[Problem, ...]:
        """What is wrong, in the order of the questions.

        `later`: only what cannot be kept even in a draft (characters no database stores).
        """
        wrong = [(q, q.wrong) for q in self.asked() if q.wrong and not (later and q.wrong.keepable)]
        found = tuple(Problem(q.id, wrong.message) for q, wrong in wrong if wrong)
        return found or (() if later else tuple(self.agree(self.cleaned())))

    def agree(self, cleaned: Mapping[str, Any]) -> Iterable[Problem]:
        """Whether sound answers fit together. Overridden by a step's form."""
        return ()

    def sound(self, *, later: bool = False) -> bool:
        """Whether there are no problems; they are put beside the questions and in `found`."""
        return self.blame(self.problems(later=later))

    def validate(self, extra_validators: Any = None) -> bool:
        return self.sound()

    def blame(self, problems: Iterable[Problem]) -> bool:
        """Put problems found here or elsewhere beside the questions. True if there were none."""
        self.found = tuple(problems)
        for question in self.questions():
            question.complaints = tuple(p.message for p in self.found if p.at == question.id)
        return not self.found


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer for reading: a row of the check page, the staff's view, the PDF, an e-mail.

    `values` has a line each; () means not answered. Said, names and dates are put into the
    reader's language; a plain str is the person's own words.
    """

    key: str
    label: str | Said
    values: tuple[Value, ...]
    anchor: str
    public: bool
    personal: bool
    optional: bool
    problem: str | Said | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a journey. `many`: its answers are a list of rows, each one such form."""

    key: str
    title: str
    form: type[StepForm]
    many: bool = False
    intro: str = ""
    # What one row is called where several are listed, made from its answers.
    row_title: Callable[[Answers], str | Said] = lambda _answers: ""

    def filled(
        self, answers: Answers | None = None, formdata: Any = None, **around: Any
    ) -> StepForm:
        """The form with answers in it. `around`: `tables`, `given`."""
        return self.form(formdata, answers, **around)

    def filled_rows(self, rows: Iterable[Answers], **around: Any) -> Iterator[StepForm]:
        """One form after the other, the same object each time: use it before the next."""
        form = self.filled(**around)
        return (form.read(row) for row in rows)


def shown_answers(step: Step, answers: Answers, **around: Any) -> tuple[Shown, ...]:
    """The answers of a step (of one row, where it has many) for reading."""
    return shown_in(step.filled(answers, **around))


def shown_in(form: StepForm) -> tuple[Shown, ...]:
    """The same, of a form at hand."""
    return tuple(
        Shown(
            key=question.short_name,
            label=question.title,
            values=question.shown(),
            anchor=question.id,
            public=question.public,
            personal=question.personal,
            optional=question.optional,
            problem=question.wrong.message if question.wrong else None,
        )
        for question in form.asked()
        if question.kind not in ("hidden", "password")
    )
