"""What stands on a label, and what may be wrong with it before it is printed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Three:
    """A text in the three languages; any of them may be empty."""

    en: str
    tc: str
    sc: str

    def by_language(self) -> Iterator[tuple[str, str]]:
        """As printed: Traditional, English, Simplified; what is empty or said twice is left out."""
        said = {"tc": self.tc, "en": self.en, "sc": "" if self.sc == self.tc else self.sc}
        yield from ((lang, text) for lang, text in said.items() if text)


@dataclass(frozen=True, slots=True)
class LabelFace:
    """Everything that differs between two labels."""

    serial: str
    name: Three
    address: Three
    # Empty where the location's own name says it already.
    institution: Three
    number: str
    printed_on: date
    # The public address in front of /v/, without a slash at the end.
    check_at: str

    @property
    def url(self) -> str:
        return f"{self.check_at}/v/{self.serial}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a face cannot be printed as it is: characters no font has, or more than fits."""

    number: str
    characters: tuple[str, ...] = ()
    too_long: bool = False
