"""Questions drawn quickly: each kind of input once per language, then filled with its answer.

Most of a step page's cost is drawing inputs by macro. What is kept never holds an answer that
somebody typed in words: those are filled into slots; only chosen codes are part of a key.
"""

from typing import Any

from flask import current_app
from markupsafe import Markup, escape

from portal.forms.fields import Question
from portal.infra.i18n import current_lang
from portal.infra.moulds import Mould, slot

TEXTS = frozenset({"text", "textarea"})
CHOICES = frozenset({"select", "radios", "checkboxes", "tick"})
MOST = 2000

_moulds: dict[tuple[Any, ...], Mould] = {}


def question(asked: Question) -> Markup:
    """The question as the macro `ui.field` draws it."""
    key = _key(asked)
    if key is None:
        return _drawn(asked)
    mould = _moulds.get(key) or _kept(key, asked)
    return Markup(mould.filled({"answer": str(escape(getattr(asked, "typed", "")))}))


def _key(asked: Question) -> tuple[Any, ...] | None:
    """What its drawing depends on; None where it is drawn anew each time."""
    if asked.complaints or (asked.kind in TEXTS and not isinstance(asked.typed, str)):
        return None
    day = getattr(asked.tables, "on", None)
    about = (current_lang(), type(asked.form), asked.id, day)
    if asked.kind in TEXTS or (asked.kind == "date" and not any(asked.typed.values())):
        return about
    if asked.kind in CHOICES and not _opens(asked):
        return (*about, repr(asked.typed)) if _known(asked) else None
    return None


def _opens(asked: Any) -> bool:
    """Whether other questions open below a choice of this one."""
    return any(asked.revealed(choice.value) for choice in asked.choices)


def _known(asked: Any) -> bool:
    """Whether what was chosen is among the choices, and not something forged."""
    offered = [choice.value for choice in asked.choices]
    typed = asked.typed if isinstance(asked.typed, list) else [asked.typed]
    return all(value in offered or value in ("", None, False) for value in typed)


def _kept(key: tuple[Any, ...], asked: Question) -> Mould:
    if len(_moulds) >= MOST:
        _moulds.clear()
    _moulds[key] = Mould(_drawn(_hollow(asked) if asked.kind in TEXTS else asked))
    return _moulds[key]


def _hollow(asked: Question) -> Question:
    """The same question with a slot for an answer. WTForms' classes do not let themselves be
    copied: made by their constructors they stay unbound."""
    shape = object.__new__(type(asked))
    shape.__dict__.update(asked.__dict__, typed=slot("answer"))
    return shape


def _drawn(asked: Question) -> Markup:
    drawn: Markup = current_app.jinja_env.globals["ui"].field(asked)  # type: ignore[attr-defined]
    return drawn
