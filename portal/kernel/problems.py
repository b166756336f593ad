"""What may be wrong with something a person asked of us."""

from dataclasses import dataclass

from portal.kernel.text import Said


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `at` is a field's key, or "" for the whole form."""

    at: str
    message: str | Said


class NotHere(Exception):
    """What was asked for does not exist, or not for this person: answered 404 either way."""


class Refused(Exception):
    """The rules do not allow what was asked. `message` is a sentence for the person."""

    def __init__(self, message: str | Said, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(str(message))
        self.message = message
        self.problems = problems
