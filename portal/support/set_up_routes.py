"""Technical support for the set-up: asked for by the applicant while its days run."""

from uuid import uuid4

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.actions.tries import TooSoon
from portal.cases.models import Case
from portal.cases.queries import own_case
from portal.cases.rules import State, support_until
from portal.cases.standing import limits
from portal.infra.clock import now, real_now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.i18n import current_lang, local
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere, Problem
from portal.support import actions
from portal.support.routes import bp
from portal.support.rules import Subject, set_up_support_open
from portal.support.steps import SetUpForm


def accepted(reference: str) -> Case:
    """The signed-in person's application, if it was accepted; else the same 404 as none."""
    case = own_case(session(), reference, current_person().id)
    if case.state not in (State.ACCEPTED, State.REGISTERED):
        raise NotHere
    return case


@bp.get("/enquiry/set-up/<reference>")
@needs(May.APPLY)
def ask_set_up(reference: str) -> Response:
    """The form, or that its days are over. `?diagnosis=`: what the check page found."""
    answers = {"once": uuid4().hex, "diagnosis": request.args.get("diagnosis", "")}
    return set_up_page(accepted(reference), SetUpForm(answers=answers))


@bp.post("/enquiry/set-up/<reference>")
@needs(May.APPLY)
@commits
def send_set_up(reference: str) -> ResponseReturnValue:
    """Keep the request as an enquiry; ask again (422, or 429 after too many) if it is not sound."""
    case, form, who = accepted(reference), SetUpForm(request.form), current_person()
    if not is_open(case):
        return set_up_page(case, form, status=409)
    if not form.sound():
        log_problems("SetUpForm", form.found)
        return set_up_page(case, form, status=422)
    known = {
        "subject": Subject.SET_UP, "name": who.name, "email": who.email, "about": case.reference,
        "institution": local(case, "title"),
    }  # fmt: skip
    try:
        enquiry = actions.ask(
            session(),
            {**form.cleaned(), **known},
            person_id=who.id,
            language=current_lang(),
            network=request.remote_addr or "",
            now=now(),
            real_now=real_now(),
        )
    except TooSoon as refused:
        form.blame([Problem("", refused.message)])
        return set_up_page(case, form, status=429)
    return see_other(url_for(".sent", reference=enquiry.reference))


def is_open(case: Case) -> bool:
    return set_up_support_open(case.handed_over_at, limits(), now())


def set_up_page(case: Case, form: SetUpForm, status: int = 200) -> Response:
    begun = case.handed_over_at
    return page(
        "support/set_up.html",
        block="form" if status == 200 else "",
        status=status,
        case=case,
        form=form,
        open=is_open(case),
        until=support_until(begun, limits()) if begun else None,
        problems=form.found,
    )
