"""Words for people: marked where they are written, translated only where they are shown."""

from dataclasses import dataclass


def N_(msgid: str) -> str:
    """Mark `msgid` for the translators; `infra.i18n.say` translates it."""
    return msgid


@dataclass(frozen=True, slots=True, init=False)
class Said:
    """A sentence to be translated later, with the values that go into it.

    `Said(N_("Use at most %(limit)s characters"), limit=100)`. Values are put in as they are;
    a value that is itself a Said is translated first.
    """

    msgid: str
    values: dict[str, object]

    def __init__(self, msgid: str, **values: object) -> None:
        object.__setattr__(self, "msgid", msgid)
        object.__setattr__(self, "values", values)

    def __str__(self) -> str:
        return self.msgid % self.values if self.values else self.msgid

    def __hash__(self) -> int:
        return hash((self.msgid, tuple(sorted(self.values.items()))))
