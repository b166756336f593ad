"""Questions answered in words or figures: one line, several lines, telephone, e-mail, codes."""

import re
import unicodedata
from typing import Any, ClassVar

from email_validator import EmailNotValidError, validate_email

from portal.forms.base import Question, Value
from portal.forms.cleaning import DASHES, Wrong, compact, many_lines, one_line, refuse_unwanted
from portal.kernel.text import N_, Said

# Hong Kong's country code, as people put it in front of a number.
COUNTRY_CODE = re.compile(r"^(?:\+|00)?852(?=\d{8}$)")
# Eight digits; 0 and 1 begin network codes and short numbers (Numbering Plan for Hong Kong).
SUBSCRIBER = re.compile(r"^[2-9][0-9]{7}$")


class TextField(Question):
    """One line of text, at most `max_length` characters (Unicode code points)."""

    kind = "text"
    input_type: ClassVar[str] = "text"
    inputmode: ClassVar[str] = ""
    spellcheck: ClassVar[bool] = True

    def __init__(self, label: str | Said = "", *, max_length: int = 200, **declared: Any) -> None:
        super().__init__(label, **declared)
        self.max_length = max_length

    def from_kept(self, value: Any) -> str:
        return "" if value is None else str(value)

    def clean(self, typed: str) -> Any:
        return self.within(one_line(typed))

    def within(self, text: str) -> str:
        if len(text) <= self.max_length:
            return text
        message = N_("“%(question)s” must be %(limit)s characters or fewer. It has %(count)s.")
        raise Wrong(Said(message, question=self.named(), limit=self.max_length, count=len(text)))


class LongTextField(TextField):
    """Several lines of text. `rows` is the height of the box; `max_length` counts line ends too."""

    kind = "textarea"

    def __init__(
        self, label: str | Said = "", *, max_length: int = 4000, rows: int = 5, **declared: Any
    ) -> None:
        super().__init__(label, max_length=max_length, **declared)
        self.rows = rows

    def clean(self, typed: str) -> str:
        return self.within(many_lines(typed))


class HiddenField(TextField):
    """A value the page carries along and nobody sees. Optional unless said otherwise."""

    kind = "hidden"

    def __init__(self, label: str | Said = "", *, optional: bool = True, **declared: Any) -> None:
        super().__init__(label, optional=optional, **declared)

    def shown(self) -> tuple[Value, ...]:
        return ()


class PasswordField(TextField):
    """A passphrase: taken as typed, in NFC, never trimmed, never kept and never shown again."""

    kind = "password"
    input_type = "password"
    spellcheck = False

    def clean(self, typed: str) -> str:
        for place, character in enumerate(typed, start=1):
            if unicodedata.category(character) == "Cs":
                refuse_unwanted(character, place)
        return self.within(unicodedata.normalize("NFC", typed))

    @property
    def kept(self) -> str:
        return ""

    def shown(self) -> tuple[Value, ...]:
        return ()


class CodeField(TextField):
    """A number or code from a paper: capitals, no spaces; full-width and lower case accepted."""

    spellcheck = False

    def clean(self, typed: str) -> str:
        return self.within(DASHES.sub("-", compact(typed)).upper())


class NumberField(TextField):
    """A whole number between `least` and `most`, kept as an int."""

    inputmode = "numeric"
    spellcheck = False
    nothing = None

    def __init__(
        self, label: str | Said = "", *, least: int = 0, most: int = 999_999, **declared: Any
    ) -> None:
        super().__init__(label, **{"width": "5", **declared})
        self.least = least
        self.most = most

    def from_form(self, values: list[str]) -> str:
        return values[0] if values else ""

    def clean(self, typed: str) -> int | None:
        digits = compact(typed).replace(",", "")
        if not digits:
            return None
        # Longer figures than this are not numbers anyone means; int() is slow on very long ones.
        if not re.fullmatch(r"-?[0-9]{1,18}", digits) or not self.least <= int(digits) <= self.most:
            message = N_("“%(question)s” must be a whole number from %(least)s to %(most)s")
            raise Wrong(Said(message, question=self.named(), least=self.least, most=self.most))
        return int(digits)

    def shown(self) -> tuple[Value, ...]:
        return () if self.kept in (None, "") else (str(self.kept),)


class PhoneField(TextField):
    """A Hong Kong telephone number, kept as eight digits, shown as 2345 6789."""

    input_type = "tel"
    spellcheck = False

    def __init__(self, label: str | Said = "", **declared: Any) -> None:
        super().__init__(label, **{"width": "10", "autocomplete": "tel-national", **declared})

    def clean(self, typed: str) -> str:
        digits = COUNTRY_CODE.sub("", re.sub(r"[().\-]", "", DASHES.sub("-", compact(typed))))
        if digits and not SUBSCRIBER.fullmatch(digits):
            raise Wrong(N_("Enter a Hong Kong telephone number of 8 digits, like 2345 6789"))
        return digits

    def shown(self) -> tuple[Value, ...]:
        sound = self.cleaned
        return (f"{sound[:4]} {sound[4:]}",) if sound else super().shown()


class EmailField(TextField):
    """An e-mail address, checked for its form only: no question is sent to any server."""

    input_type = "email"
    spellcheck = False

    def __init__(self, label: str | Said = "", **declared: Any) -> None:
        super().__init__(label, max_length=254, **{"autocomplete": "email", **declared})

    def clean(self, typed: str) -> str:
        address = self.within(compact(typed))
        if not address:
            return ""
        try:
            sound = validate_email(address, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError as error:
            message = N_("Enter an e-mail address in the correct format, like name@example.com")
            raise Wrong(message) from error
        return sound.normalized
