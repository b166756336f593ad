"""The enquiry form, its confirmation, and the staff's list."""

from uuid import uuid4

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.actions.tries import TooSoon
from portal.infra.clock import now, real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import May, Who, current_person, needs, public, who_is_there
from portal.infra.i18n import current_lang
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other
from portal.kernel.problems import Problem
from portal.kernel.text import N_
from portal.support import actions
from portal.support.queries import PAGE, count_in, enquiries_in, enquiry_called
from portal.support.rules import SUBJECTS, State
from portal.support.steps import EnquiryForm

bp = Blueprint("support", __name__)


def links(who: Who | None) -> list[tuple[str, str, int]]:
    """What the header offers: staff see how many enquiries wait."""
    if who and who.may(May.ANSWER_ENQUIRIES):
        return [(N_("Enquiries"), url_for("support.enquiries"), count_in(session(), State.OPEN))]
    return []


@bp.get("/enquiry")
@public
def ask() -> Response:
    """The form; what we know of a signed-in person is filled in. `?subject=` chooses one."""
    who = who_is_there()
    known = {"name": who.name, "email": who.email} if who else {}
    wished = {key: request.args.get(key, "") for key in ("subject", "about", "diagnosis")}
    answers = {**known, **wished, "once": uuid4().hex}
    return page("support/ask.html", form=EnquiryForm(answers=answers), problems=())


@bp.post("/enquiry")
@public
@commits
def send() -> ResponseReturnValue:
    """Keep a sound enquiry; ask again (422, or 429 after too many) with all that was typed."""
    form, who = EnquiryForm(request.form), who_is_there()
    if not form.sound():
        return asked_again(form, 422)
    answers, network = form.cleaned(), request.remote_addr or ""
    try:
        with apart() as db:
            actions.count_letter(db, answers, network=network, real_now=real_now())
    except TooSoon as refused:
        form.blame([Problem("", refused.message)])
        answer = asked_again(form, 429)
        answer.headers["Retry-After"] = str(refused.seconds)
        return answer
    person_id, lang = who.id if who else None, current_lang()
    enquiry = actions.ask(session(), answers, person_id=person_id, language=lang, now=now())
    return see_other(url_for(".sent", reference=enquiry.reference))


@bp.get("/enquiry/<reference>")
@public
def sent(reference: str) -> Response:
    """That it arrived. Nothing of what was written: whoever has the address sees this."""
    return page("support/sent.html", enquiry=enquiry_called(session(), reference))


@bp.get("/enquiries/")
@needs(May.ANSWER_ENQUIRIES)
def enquiries() -> Response:
    """The open ones, oldest first, or with `?state=answered` those that were, newest first."""
    state = State.ANSWERED if request.args.get("state") == State.ANSWERED else State.OPEN
    last = max(1, -(-count_in(session(), state) // PAGE))
    current = min(max(request.args.get("page", 1, int), 1), last)
    return page(
        "support/enquiries.html",
        state=state,
        enquiries=enquiries_in(session(), state, page=current),
        current=current,
        last=last,
        address=lambda number: url_for(".enquiries", state=state, page=number),
        subjects=SUBJECTS,
    )


@bp.get("/enquiries/<reference>")
@needs(May.ANSWER_ENQUIRIES)
@commits
def show(reference: str) -> ResponseReturnValue:
    """One enquiry with its sender's particulars: that it was read is on record."""
    enquiry = enquiry_called(session(), reference)
    actions.note_read(session(), enquiry, by=current_person().id, now=now())
    return page("support/enquiry.html", enquiry=enquiry, subjects=SUBJECTS)


@bp.post("/enquiries/<reference>")
@needs(May.ANSWER_ENQUIRIES)
@commits
def answered(reference: str) -> ResponseReturnValue:
    enquiry = enquiry_called(session(), reference)
    actions.note_answered(session(), enquiry, by=current_person().id, now=now())
    return see_other(url_for(".enquiries"))


def asked_again(form: EnquiryForm, status: int) -> Response:
    """The form as it was sent, with what is wrong. The hidden box is emptied for the person."""
    log_problems("EnquiryForm", form.found)
    form.website.typed = ""
    return page("support/ask.html", status=status, form=form, problems=form.found)


from portal.support import set_up_routes  # noqa: E402,F401
