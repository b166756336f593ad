"""Who may open a page. Every route wears exactly one of these; a test sees to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, abort, current_app, g
from flask.typing import ResponseReturnValue

from portal.kernel.permissions import May as May

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Who:
    """The person of this request, as far as pages and guards need to know."""

    id: int
    email: str
    name: str
    language: str
    is_staff: bool = False
    permissions: frozenset[May] = field(default_factory=frozenset)

    def may(self, permission: May) -> bool:
        return permission in self.permissions

    @property
    def on_record(self) -> str:
        """How the audit names this person: never by name or address."""
        return f"person:{self.id}"


Provider = Callable[[], Who | None]
"""Answers who is there, or None: one for people, later one for locations."""

Stranger = Callable[[], ResponseReturnValue]
"""Answers a request that needs somebody and came from nobody."""


def ask_for_people(app: Flask, provider: Provider, stranger: Stranger) -> None:
    """Tell the guards whom to ask; called by the factory."""
    app.extensions["who"] = provider
    app.extensions["stranger"] = stranger


def current_person() -> Who:
    """The signed-in person of a guarded route."""
    who = who_is_there()
    assert who is not None, "only guarded routes have a person"
    return who


def who_is_there() -> Who | None:
    """The person of this request, or None; asked once a request."""
    if "who" not in g:
        g.who = current_app.extensions["who"]()
    who: Who | None = g.who
    return who


def forget_who() -> None:
    """Ask anew: the person of this request has just signed in or out."""
    g.pop("who", None)


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Open to everyone."""
    view.guard = "public"  # type: ignore[attr-defined]
    return view


def machine(view: Callable[P, R]) -> Callable[P, R]:
    """For programs: what they post carries no cookie that means anything, so no CSRF token.

    Such a view only reads, unless it wears @commits, and must not ask who is signed in.
    """
    view.machine = True  # type: ignore[attr-defined]
    return view


def needs(permission: May) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Open to signed-in people who have `permission`; a stranger is led to sign in first."""

    def guarded(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            who = who_is_there()
            if who is None:
                return current_app.make_response(current_app.extensions["stranger"]())
            if not who.may(permission):
                abort(403)
            return view(*args, **kwargs)

        wrapper.guard = permission  # type: ignore[attr-defined]
        return wrapper

    return guarded


def is_for_machines(view: Callable[..., Any]) -> bool:
    return getattr(view, "machine", False)


def guard_of(view: Callable[..., Any]) -> str | None:
    """What `view` asks for: "public", a permission, or None if somebody forgot."""
    return getattr(view, "guard", None)
