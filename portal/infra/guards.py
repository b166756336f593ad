"""Who may open a page. Every route wears exactly one of these; a test sees to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Connected:
    """The service location of this request, by the certificate it came with."""

    location_id: int
    location: str
    institution_id: int
    institution: str
    serial: str
    until: datetime

    @property
    def on_record(self) -> str:
        """How the audit names this location."""
        return f"location:{self.location}"


Provider = Callable[[], Who | None]
"""Answers who is there, or None."""

Locator = Callable[[], Connected | None]
"""Answers from which service location the request comes, or None."""

Stranger = Callable[[], ResponseReturnValue]
"""Answers a request that needs somebody and came from nobody."""


def ask_for_people(app: Flask, provider: Provider, stranger: Stranger) -> None:
    """Tell the guards whom to ask; called by the factory."""
    app.extensions["who"] = provider
    app.extensions["stranger"] = stranger


def ask_for_locations(app: Flask, locator: Locator, unconnected: Stranger) -> None:
    """The same for service locations; `unconnected` answers a request from none."""
    app.extensions["where"] = locator
    app.extensions["unconnected"] = unconnected


def current_location() -> Connected:
    """The service location of a route that is open to connected ones."""
    where: Connected | None = g.get("where")
    assert where is not None, "only routes that wear @connected have a location"
    return where


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


def connected(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Open to service locations that show a certificate which holds at this very moment."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        g.where = current_app.extensions["where"]()
        if g.where is None:
            return current_app.make_response(current_app.extensions["unconnected"]())
        return view(*args, **kwargs)

    wrapper.guard = "connected"  # type: ignore[attr-defined]
    return wrapper


def guard_of(view: Callable[..., Any]) -> str | None:
    """What `view` asks for: "public", "connected", a permission, or None if forgotten."""
    return getattr(view, "guard", None)
