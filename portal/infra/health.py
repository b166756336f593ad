"""Whether this process lives, and whether the parts it needs answer."""

from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text

from portal.infra.blobs import Gone, blobs
from portal.infra.db import engine
from portal.infra.guards import public
from portal.infra.tickets import queue_answers

public_bp = Blueprint("health", __name__)


@public_bp.get("/healthz")
@public
def alive() -> Response:
    return jsonify(status="alive")


@public_bp.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """200 if database, queue and files answer, else 503 naming those that do not.

    What a slice gives the alarm for stands beside them: somebody must look, but people can
    still be served.
    """
    checks = {"database": _database, "queue": _queue, "files": _files}
    states = {name: _answers(check) for name, check in checks.items()}
    sound = all(state == "ok" for state in states.values())
    alarms = {name: _answers(look) for name, look in current_app.extensions["alarms"].items()}
    told = {"status": "ready" if sound else "not ready", **states, **alarms}
    return jsonify(told), 200 if sound else 503


class Alarm(Exception):
    """Something needs somebody soon; its text is a word for /readyz."""


def _answers(check: Callable[[], None]) -> str:
    try:
        check()
    except Alarm as alarm:
        return str(alarm)
    except Exception as error:
        return type(error).__name__
    return "ok"


def _database() -> None:
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _queue() -> None:
    queue_answers()


def _files() -> None:
    with suppress(Gone):
        blobs().get("is-anybody-there")
