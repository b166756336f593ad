"""Who is at the door: from the cookie's token to a person, and what a stranger is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Flask, g, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user
from sqlmodel import Session

from portal.accounts.actions import kept, sessions
from portal.accounts.actions.sessions import SessionOver, id_of
from portal.accounts.models import Person, SignInSession
from portal.accounts.queries import session_of
from portal.accounts.rules import (
    NEVER_KEPT,
    PERMISSIONS,
    SEEN_EVERY,
    STAFF,
    Limits,
    Role,
    SessionState,
    Stage,
    own_path,
    stage,
)
from portal.infra.clock import real_now
from portal.infra.db import apart, engine, only_reads, session
from portal.infra.guards import Who, ask_for_people, forget_who, who_is_there
from portal.infra.settings import settings
from portal.infra.web import see_other, wants_part


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody whose cookie names a session, perhaps one that is over. Flask-Login's user.

    Sessions, links and one-time codes keep real time: moving the demonstration's clock does
    not sign anybody out.
    """

    token: str
    session: SignInSession
    person: Person
    stage: Stage

    is_active = True
    is_anonymous = False

    @property
    def is_authenticated(self) -> bool:
        return self.stage is Stage.SIGNED_IN

    def get_id(self) -> str:
        """What the cookie keeps."""
        return self.token

    def who(self) -> Who:
        person = self.person
        role = Role(person.role)
        return Who(
            id=id_of(person),
            email=person.email,
            name=person.name,
            language=person.language,
            is_staff=role in STAFF,
            permissions=PERMISSIONS[role],
        )


def init_app(app: Flask) -> None:
    app.config["NEVER_KEPT"] = NEVER_KEPT
    manager = LoginManager(app)
    # Addresses change on the way to work; the token alone says who it is.
    manager.session_protection = None
    manager.user_loader(_visitor_with)
    ask_for_people(app, _who, _stranger)
    app.before_request(_greet)
    app.register_error_handler(SessionOver, _over)


def visitor() -> Visitor | None:
    """Who the cookie speaks of, signed in, half-way or no longer."""
    found = current_user._get_current_object()
    return found if isinstance(found, Visitor) else None


def welcome(token: str, *, fresh: bool = False) -> Visitor:
    """Give the browser this session's token. `fresh`: nothing else stays in its cookie.

    A token, a form's token or a flash that somebody planted before sign-in is gone after it.
    """
    if fresh:
        cookie.clear()
    arrived = _visitor_with(token)
    assert arrived is not None
    login_user(arrived)
    forget_who()
    return arrived


def _visitor_with(token: str) -> Visitor | None:
    if only_reads():
        found = session_of(session(), token)
    else:
        # A connection of its own: asking does not make a POST take the one writer's place early.
        with Session(engine().execution_options(reading=True), expire_on_commit=False) as db:
            found = session_of(db, token)
    if found is None:
        return None
    signed_in, person = found
    state = _state(signed_in, person)
    return Visitor(token, signed_in, person, stage(state, limits(), real_now()))


def _state(session: SignInSession, person: Person) -> SessionState:
    return SessionState(
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        ended_at=session.ended_at,
        second_factor_at=session.second_factor_at,
        role=person.role,
        has_totp=person.totp_secret is not None,
        disabled_at=person.disabled_at,
        demonstration=person.demonstration,
    )


def limits() -> Limits:
    """How long sessions last here."""
    chosen = settings()
    return Limits(
        idle=timedelta(minutes=chosen.session_idle_minutes),
        absolute=timedelta(hours=chosen.session_hours),
        production=chosen.production,
    )


def _who() -> Who | None:
    found = visitor()
    return found.who() if found and found.is_authenticated else None


def _greet() -> None:
    """Note that a session is in use, before the request needs the database for itself."""
    if "_user_id" not in cookie or request.endpoint == "static" or not who_is_there():
        return
    found, now = visitor(), real_now()
    if (
        found
        and now - found.session.last_seen_at >= SEEN_EVERY
        and (only_reads() or "db_session" not in g)
    ):
        with apart() as db:
            sessions.seen(db, found.session, now)


def _stranger() -> ResponseReturnValue:
    """Lead somebody without a valid session to sign in, keeping what they typed."""
    found = visitor()
    name = _kept(found, real_now()) if found and request.method == "POST" else ""
    wish = url_for("accounts.typed", name=name) if name else wished_path()
    steps = {Stage.NEEDS_CODE: "accounts.code", Stage.NEEDS_ENROLMENT: "accounts.enrol"}
    endpoint = steps.get(found.stage, "accounts.sign_in") if found else "accounts.sign_in"
    return see_other(url_for(endpoint, next=wish or None, kept="yes" if name else None))


def _over(_error: SessionOver) -> ResponseReturnValue:
    """The session ended while its own request was on the way: from the beginning."""
    return see_other(url_for("accounts.sign_in"))


def _kept(found: Visitor, now: datetime) -> str:
    fields = list(request.form.items(multi=True))
    files = any(file.filename for file in request.files.values())
    if not [key for key, _ in fields if key != "csrf_token"]:
        return ""
    path = own_path(request.full_path.rstrip("?"))
    with apart() as db:
        return kept.keep(db, id_of(found.person), path, fields, files=files, now=now)


def wished_path() -> str:
    """The page somebody was on or wanted: where they go after signing in."""
    if request.method in {"GET", "HEAD"} and not wants_part():
        return own_path(request.full_path.rstrip("?"))
    said = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    own = said.netloc in {request.host, urlsplit(settings().address).netloc}
    return own_path(said.path + (f"?{said.query}" if said.query else "")) if own else ""
