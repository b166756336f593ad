"""Questions answered by choosing: one of several, some of several, yes or no, a tick."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, NoReturn

from portal.forms.base import Label, Question, Value
from portal.forms.cleaning import Wrong
from portal.kernel.text import N_, Said


class Choice(NamedTuple):
    """One thing to choose. `value` is what is kept."""

    value: Any
    label: Label
    hint: Label = ""

    @property
    def shown(self) -> Value:
        """The label as an answer: words of the product, so they are translated."""
        return Said(self.label) if isinstance(self.label, str) else self.label


Choices = Iterable[tuple[Any, ...]]
"""(value, label) or (value, label, hint) each."""


class ChoosingField(Question):
    """What choosing one and choosing some have in common.

    `choices` may be a function of the form's `tables`, the snapshot of dated tables.
    """

    def __init__(
        self,
        label: str | Said = "",
        *,
        choices: Choices | Callable[[Any], Choices] = (),
        **declared: Any,
    ) -> None:
        super().__init__(label, **declared)
        self.offered = choices if callable(choices) else tuple(choices)

    @property
    def choices(self) -> tuple[Choice, ...]:
        offered = self.offered(self.tables) if callable(self.offered) else self.offered
        return tuple(Choice(*choice) for choice in offered)

    def chosen(self, value: object) -> Choice | None:
        return next((choice for choice in self.choices if choice.value == value), None)

    def options(self, words: Callable[[Label], str]) -> list[tuple[str, str]]:
        """(code, text) of each choice, put into a language with `words`."""
        return [(self.coded(choice.value), words(choice.label)) for choice in self.choices]

    def refuse(self) -> NoReturn:
        raise Wrong(Said(N_("Choose from the list for “%(question)s”"), question=self.named()))

    def missing_message(self) -> str | Said:
        return Said(N_("Choose an answer to “%(question)s”"), question=self.named())


class ChoiceField(ChoosingField):
    """One of several: radio buttons, or a list to pull down with `select=True`."""

    def __init__(
        self,
        label: str | Said = "",
        *,
        choices: Choices | Callable[[Any], Choices],
        select: bool = False,
        inline: bool = False,
        **declared: Any,
    ) -> None:
        super().__init__(label, choices=choices, **declared)
        self.kind = "select" if select else "radios"
        self.opens_others = not select
        self.inline = inline

    def clean(self, typed: Any) -> Any:
        if typed not in ("", None) and self.chosen(typed) is None:
            self.refuse()
        return "" if typed is None else typed

    def shown(self) -> tuple[Value, ...]:
        choice = self.chosen(self.cleaned)
        return (choice.shown,) if choice else super().shown()


class ManyChoicesField(ChoosingField):
    """Any number of several: tick boxes. Kept as a list in the order of the choices."""

    kind = "checkboxes"
    opens_others = True

    def __init__(self, label: str | Said = "", **declared: Any) -> None:
        self.nothing: list[Any] = []
        super().__init__(label, **declared)

    def from_form(self, values: list[str]) -> list[str]:
        return list(values)

    def from_kept(self, value: Any) -> list[Any]:
        return list(value) if isinstance(value, list | tuple) else [value] if value else []

    def clean(self, typed: list[Any]) -> list[Any]:
        offered = [choice.value for choice in self.choices]
        if any(value not in offered for value in typed):
            self.refuse()
        return [value for value in offered if value in typed]

    def shown(self) -> tuple[Value, ...]:
        choices = (self.chosen(value) for value in self.kept)
        return tuple(choice.shown for choice in choices if choice)


class YesNoField(ChoosingField):
    """Yes or no, kept as true or false; `asked=when("…", True)` can open another question."""

    kind = "radios"
    opens_others = True
    nothing = None
    inline = True
    WORDS = (("yes", True), ("no", False))
    CHOICES = ((True, N_("Yes")), (False, N_("No")))

    def __init__(
        self,
        label: str | Said = "",
        *,
        choices: Choices = CHOICES,
        **declared: Any,
    ) -> None:
        super().__init__(label, choices=choices, **declared)

    def from_form(self, values: list[str]) -> Any:
        typed = values[0] if values else ""
        return dict(self.WORDS).get(typed, typed or None)

    def coded(self, value: object) -> str:
        return "yes" if value else "no"

    def clean(self, typed: Any) -> bool | None:
        if typed is None or isinstance(typed, bool):
            return typed
        self.refuse()

    def shown(self) -> tuple[Value, ...]:
        choice = self.chosen(self.cleaned)
        return (choice.shown,) if choice else ()


class TickField(ChoosingField):
    """One box to tick. Required unless optional: a declaration that must be made."""

    kind = "tick"
    nothing = False

    def from_form(self, values: list[str]) -> bool:
        return bool(values and values[0])

    def from_kept(self, value: Any) -> bool:
        return value is True

    def missing_message(self) -> str | Said:
        return Said(N_("Tick the box “%(question)s” to continue"), question=self.named())

    def shown(self) -> tuple[Value, ...]:
        return (Said(N_("Yes") if self.cleaned else N_("No")),)
