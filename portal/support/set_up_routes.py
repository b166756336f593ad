"""Technical support for the set-up: asked for by the applicant while its days run."""

from typing import Any
from uuid import uuid4

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.actions.tries import TooSoon
from portal.cases.models import Case
from portal.cases.rules import support_until
from portal.cases.standing import limits
from portal.infra.clock import now, real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.i18n import current_lang, local
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other
from portal.kernel.problems import Problem
from portal.support import actions
from portal.support.queries import accepted_case
from portal.support.routes import bp
from portal.support.rules import Subject, set_up_support_open
from portal.support.steps import SetUpForm


@bp.get("/enquiry/set-up/<reference>")
@needs(May.APPLY)
def ask_set_up(reference: str) -> Response:
    """The form, or that its days are over. `?diagnosis=`: what the check page found."""
    answers = {"once": uuid4().hex, "diagnosis": request.args.get("diagnosis", "")}
    return set_up_page(
        accepted_case(session(), reference, current_person().id), SetUpForm(answers=answers)
    )


@bp.post("/enquiry/set-up/<reference>")
@needs(May.APPLY)
@commits
def send_set_up(reference: str) -> ResponseReturnValue:
    """Keep the request as an enquiry; ask again (422, or 429 after too many) if it is not sound."""
    form = SetUpForm(request.form)
    sound, network = form.sound(), request.remote_addr or ""
    # Read and counted apart, before the request's own session: SQLite has room for one writer.
    with apart() as db:
        case = accepted_case(db, reference, current_person().id)
        status = 409 if not is_open(case) else 200 if sound else 422
        if status == 200:
            try:
                actions.count_letter(db, told(form, case), network=network, real_now=real_now())
            except TooSoon as refused:
                form.blame([Problem("", refused.message)])
                status = 429
    if status != 200:
        log_problems("SetUpForm", form.found)
        return set_up_page(case, form, status=status)
    who, lang = current_person(), current_lang()
    enquiry = actions.ask(session(), told(form, case), person_id=who.id, language=lang, now=now())
    return see_other(url_for(".sent", reference=enquiry.reference))


def told(form: SetUpForm, case: Case) -> dict[str, Any]:
    """What was asked, with what we know of who asks."""
    who = current_person()
    return {
        **form.cleaned(), "subject": Subject.SET_UP, "name": who.name, "email": who.email,
        "about": case.reference, "institution": local(case, "title"),
    }  # fmt: skip


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
