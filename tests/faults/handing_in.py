"""Applications to be handed in, places without labels, and a browser that does not give up."""

import http.client
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlmodel import Session, select

from portal.accounts.actions import sessions
from portal.accounts.models import Person
from portal.application import actions
from portal.application.steps import STEPS
from portal.cases.actions import acknowledge, add_document, keep_answer, new_row
from portal.cases.documents import requirements_for
from portal.cases.notices import notices_for
from portal.infra.db import unit_of_work
from portal.infra.files import keep
from portal.kernel.hktime import hk_date
from portal.registry.actions import enter_institution, enter_location, make_effective
from portal.registry.models import ServiceLocation
from portal.registry.scheme import scheme
from tests.applying import ONE_PAGE_PDF, soundly
from tests.people import ALICE, OLIVE, as_who, enter

CUT_OFF = (ConnectionResetError, BrokenPipeError, http.client.IncompleteRead)
"""The request had been taken and its answer never came; one that was refused is none of these."""


def drafts(app: Flask, count: int) -> tuple[list[str], str]:
    """Applications ready to be handed in, and the cookie and token of their applicant."""
    now = datetime.now(UTC)
    with unit_of_work(app) as rows:
        person = enter(rows, ALICE)
        token = sessions.begin(rows, person, device="", now=now, second_factor_at=now)
    references = []
    for _ in range(count):
        with unit_of_work(app) as rows:
            references.append(_draft(rows, person, now))
    return references, token


def _draft(rows: Session, person: Person, now: datetime) -> str:
    tables, who = scheme(hk_date(now)), as_who(person)
    case = actions.begin(rows, "CM", by=who, language="tc", scheme=tables, now=now)
    for notice in notices_for(tables.kind[case.kind].conditions, hk_date(now)):
        acknowledge(rows, case, notice.key, notice.version, now=now)
    for step in STEPS:
        typed = {**soundly(step.key), "registers_patients": True, "wants_reader": False}
        form = step.filled(typed, tables=tables, given=actions.given(case, tables))
        keep_answer(
            rows, case, step.key, form.answers(), row=new_row() if step.many else "",
            revision=0, sound=form.sound(), now=now,
        )  # fmt: skip
    for need in requirements_for(case.kind, hk_date(now)):
        file = keep(
            rows, ONE_PAGE_PDF, filename="paper.pdf", media_type="application/pdf",
            owner=f"case:{case.reference}", now=now,
        )  # fmt: skip
        add_document(rows, case, need.document.code, file, now=now)
    return case.reference


def places(app: Flask, count: int) -> tuple[list[str], str]:
    """Effective locations without labels, and the token of an officer."""
    now = datetime.now(UTC)
    with unit_of_work(app) as rows:
        officer = enter(rows, OLIVE)
        token = sessions.begin(rows, officer, device="", now=now, second_factor_at=now)
        institution = enter_institution(rows, kind="CM", name_en="Many", by="test", now=now)
        for number in range(count):
            enter_location(
                rows, institution, district="ssp", name_en=f"Place {number}", address_en="1 Road",
                name_tc="診所", address_tc="道1號", by="test", now=now,
            )  # fmt: skip
        make_effective(rows, institution.id, effective_at=now, by="test", now=now)
        numbers = rows.exec(select(ServiceLocation.number)).all()
    return list(numbers), token


class Browser:
    """Somebody signed in who presses the button again when no answer comes.

    `asking` is set while a request is on its way; `cut` is called when its answer was cut off.
    """

    def __init__(self, app: Flask, port: int, token: str, cut: Callable[[str], None]) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.asking = threading.Event()
        self._cut = cut
        with app.test_request_context():
            session["_user_id"], session["csrf_token"] = token, "0" * 40
            self.csrf = generate_csrf()
            signer = app.session_interface.get_signing_serializer(app)
            self.cookie = f"session={signer.dumps(dict(session))}"

    def post(self, path: str, form: list[tuple[str, str]], patience: float = 150) -> int:
        body = urllib.parse.urlencode([("csrf_token", self.csrf), *form]).encode()
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            try:
                return self._once(path, body)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, CUT_OFF):
                    self._cut(path)
                time.sleep(0.05)
        raise TimeoutError(path)

    def _once(self, path: str, body: bytes) -> int:
        asked = urllib.request.Request(self.address + path, body, {"Cookie": self.cookie})
        self.asking.set()
        try:
            with urllib.request.build_opener(_Stay()).open(asked, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise OSError(error.code) from error
            return error.code
        finally:
            self.asking.clear()


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None
