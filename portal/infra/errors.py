"""Answers to requests that cannot be met, in the reader's language, nothing lost."""

from datetime import timedelta

import structlog
from flask import Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

from portal.infra.db import session
from portal.infra.faults import of_database, place_of
from portal.infra.web import page
from portal.kernel.problems import NotHere, Refused

log = structlog.get_logger(__name__)

OWN_PAGES = {400, 403, 404, 405, 413, 422, 429, 500, 503}


def init_app(app: Flask) -> None:
    app.register_error_handler(NotHere, _not_here)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(DataError, _not_kept)
    app.register_error_handler(HTTPException, _http)
    if not app.testing:
        app.register_error_handler(Exception, _unexpected)


def _not_here(_error: NotHere) -> Response:
    return page("errors/404.html", status=404)


def _refused(error: Refused) -> Response:
    session().rollback()
    return page("errors/refused.html", status=409, refused=error)


def _not_kept(error: DataError) -> Response:
    """A forged address or form brought what no database takes, as NUL in PostgreSQL."""
    log.warning("not kept", kind=type(error.orig).__name__)
    session().rollback()
    return page("errors/400.html", status=400)


def _stale_form(_error: CSRFError) -> Response:
    """The form's token ran out or is another browser's: show what was typed, to be sent again."""
    never = current_app.config.get("NEVER_KEPT", frozenset()) | {"csrf_token"}
    kept = [(k, v) for k, v in request.form.items(multi=True) if k not in never]
    return page("errors/csrf.html", status=400, kept=kept, action=request.path)


def _http(error: HTTPException) -> Response | HTTPException:
    code = error.code or 500
    if code < 400 or error.response is not None:
        return error
    known = code if code in OWN_PAGES else (400 if code < 500 else 500)
    return page(f"errors/{known}.html", status=code)


def _unexpected(error: Exception) -> Response:
    """A fault of ours, or the database is away: an answer that needs neither person nor rows."""
    if of_database(error):
        log.error("unexpected", problem=place_of(error))
    else:
        log.error("unexpected", exc_info=error)
    away = isinstance(error, OperationalError | InterfaceError)
    g.who, g.clock_offset = None, timedelta()
    code = 503 if away else 500
    return page(f"errors/{code}.html", status=code)
