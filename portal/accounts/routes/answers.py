"""What several pages about accounts answer alike."""

from typing import Any

from flask import Response, current_app, request, url_for
from werkzeug.urls import iri_to_uri

from portal.accounts.actions.signing_in import begin_try, fail
from portal.accounts.actions.tries import TooSoon
from portal.accounts.hashing import fits
from portal.accounts.rules import device, own_path
from portal.accounts.visitors import Visitor
from portal.forms.fields import StepForm
from portal.infra.clock import real_now
from portal.infra.db import apart
from portal.infra.guards import Who
from portal.infra.validation import log_problems
from portal.infra.web import page
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_

WRONG_PASSPHRASE = N_("This is not your passphrase")


def asked_again(
    template: str,
    form: StepForm,
    refused: Refused | None = None,
    at: str = "",
    context: dict[str, Any] | None = None,
) -> Response:
    """The same page with what is wrong: 422, or 429 where it was tried too often."""
    too_soon = refused if isinstance(refused, TooSoon) else None
    if refused:
        form.blame([*form.found, Problem("" if too_soon else at, refused.message)])
    log_problems(type(form).__name__, form.found)
    around = {**(context or {}), "form": form, "problems": form.found}
    answer = page(template, status=429 if too_soon else 422, **around)
    if too_soon:
        answer.headers["Retry-After"] = str(too_soon.seconds)
    return answer


def check_passphrase(somebody: Visitor, passphrase: str) -> None:
    """Ask a signed-in person for their passphrase again; counted like a sign-in.

    Before the request's own transaction begins: this takes time.

    Raises:
        Refused: it is not the one, or was tried too often.
    """
    with apart() as db:
        claim = begin_try(db, email=somebody.person.email, address=network(), now=real_now())
    if not fits(claim.hash, passphrase):
        with apart() as db:
            fail(db, claim, now=real_now())
        raise Refused(WRONG_PASSPHRASE)


def network() -> str:
    """The network address the request came from, as the server in front of us says."""
    return request.remote_addr or ""


def this_device() -> str:
    return device(request.user_agent.string)


def start_page(who: Who) -> str:
    """Where work begins after sign-in: START_PAGES names endpoints for staff and applicants."""
    chosen = current_app.config.get("START_PAGES", {}).get("staff" if who.is_staff else "applicant")
    known = chosen if chosen in current_app.view_functions else "accounts.account"
    return url_for(known)


def next_or(path: str, otherwise: str) -> str:
    """The wished page of this portal, or `otherwise`."""
    return iri_to_uri(own_path(path)) or otherwise
