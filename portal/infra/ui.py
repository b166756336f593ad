"""The parts of pages: the macros of templates/ui as one object, `ui`, in every template."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask, current_app, url_for
from jinja2 import Environment

from portal.infra.i18n import hkdate, hkdatetime, local, say
from portal.infra.questions import question
from portal.infra.settings import settings
from portal.kernel.text import N_, Said

FOLDER = "ui/"


class Link(NamedTuple):
    """An entry of the navigation or the footer. `label` is a msgid."""

    label: str | Said
    url: str
    badge: int = 0


class Ui:
    """All macros of templates/ui/*.html as attributes: `ui.button(…)`.

    Macros imported at the top of a page are undefined when one of its blocks is rendered alone,
    so they are an environment global instead.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def __getattr__(self, name: str) -> Callable[..., str]:
        macros = dict(self._gather())
        if name not in macros:
            raise AttributeError(f"no macro named {name} in templates/ui")
        if not self._environment.auto_reload:
            # From now on an ordinary attribute: found without coming here.
            vars(self).update(macros)
        return macros[name]

    def _gather(self) -> Iterator[tuple[str, Callable[..., str]]]:
        for name in self._environment.list_templates(filter_func=_is_macro_file):
            module = self._environment.get_template(name).module
            yield from ((k, v) for k, v in vars(module).items() if not k.startswith("_"))


def _is_macro_file(name: str) -> bool:
    return name.startswith(FOLDER) and name.endswith(".html")


def words(label: Any) -> str:
    """Words of the product in the reader's language: a msgid, a Said, a name in three languages."""
    if hasattr(label, "name_en"):
        return local(label, "name")
    return say(label) if isinstance(label, Said) else say(str(label))


def shown(value: Any) -> str:
    """A part of an answer. A plain str is what a person typed, so it is never translated."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return hkdatetime(value)
    return hkdate(value) if isinstance(value, date) else words(value)


def asset(path: str) -> str:
    """The address of a file below static/, with a mark that changes when the file does."""
    mark = _mark(path)
    return url_for("static", filename=path, v=mark or None)


@cache
def _mark(path: str) -> str:
    file = Path(__file__).resolve().parents[2] / "static" / path
    return sha256(file.read_bytes()).hexdigest()[:10] if file.is_file() else ""


def pages_around(current: int, last: int) -> list[int]:
    """Page numbers to offer: first, last and those beside the current one; 0 stands for a gap."""
    near = {1, last, current - 1, current, current + 1}
    wanted = sorted(n for n in near if 1 <= n <= last)
    numbers: list[int] = []
    for number in wanted:
        if numbers and number - numbers[-1] > 1:
            # A gap of one page is shorter to show than to leave out.
            numbers.append(number - 1 if number - numbers[-1] == 2 else 0)
        numbers.append(number)
    return numbers


# Where the footer leads: the first of the slices' endpoints that exists in this portal.
FOOTER = (
    (N_("Help and contact"), "guidance.help"),
    (N_("Accessibility"), "guidance.accessibility"),
    (N_("Privacy"), "guidance.privacy"),
    (N_("Ask a question"), "support.ask"),
    (N_("About this portal"), "guidance.terms"),
)


def footer_links() -> list[Link]:
    """The same links in the same order on every page (WCAG 3.2.6), in the reader's language."""
    known = current_app.view_functions
    return [Link(label, url_for(endpoint)) for label, endpoint in FOOTER if endpoint in known]


def session_minutes() -> int:
    """After how many minutes without a page a signed-in person is signed out."""
    return settings().session_idle_minutes


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(
        ui=Ui(app.jinja_env),
        words=words,
        question=question,
        shown=shown,
        asset=asset,
        pages_around=pages_around,
        footer_links=footer_links,
        session_minutes=session_minutes,
    )
