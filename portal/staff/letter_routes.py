"""A letter that did not arrive: sent again to an address that staff have found out."""

from uuid import UUID

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from portal.infra.bounces import letter, send_again
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.mail import Mail
from portal.infra.validation import log_problems
from portal.infra.web import page, see_other
from portal.staff.routes import bp
from portal.staff.steps import AddressForm


@bp.get("/letters/<uuid:mail_id>")
@needs(May.SEE_JOBS)
def show_letter(mail_id: UUID) -> Response:
    """To whom it went, and the question where it is to go instead."""
    mail = letter(session(), mail_id)
    return letter_page(mail, AddressForm(answers={"address": mail.recipient}))


@bp.post("/letters/<uuid:mail_id>")
@needs(May.SEE_JOBS)
@commits
def send_letter(mail_id: UUID) -> ResponseReturnValue:
    """Send it again; a sound address is all that is asked for."""
    mail, form = letter(session(), mail_id), AddressForm(request.form)
    if not form.sound():
        log_problems("AddressForm", form.found)
        return letter_page(mail, form, status=422)
    by, to = current_person().on_record, str(form.address.cleaned)
    send_again(session(), mail.id, to=to, by=by, now=now())
    return see_other(url_for(".show_work"))


def letter_page(mail: Mail, form: AddressForm, status: int = 200) -> Response:
    return page("staff/letter.html", status=status, mail=mail, form=form, problems=form.found)
