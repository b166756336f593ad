"""The second step at sign-in: set up, moved to another telephone, recovery codes, removed."""

from typing import Any

from flask import Response, current_app, flash, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import own, signing_in
from portal.accounts.actions.sessions import id_of
from portal.accounts.routes.answers import asked_again, check_passphrase, next_or, start_page
from portal.accounts.routes.blueprint import bp
from portal.accounts.routes.own import signed_in
from portal.accounts.rules import Stage
from portal.accounts.second_factors import Offer, new_offer, same_offer
from portal.accounts.steps import EnrolAgainForm, EnrolForm, StepUpForm
from portal.accounts.visitors import Visitor, visitor, welcome
from portal.forms.fields import StepForm
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import May, needs, public
from portal.infra.i18n import say
from portal.infra.small_secrets import NotOurs
from portal.infra.web import page, see_other
from portal.kernel.problems import Refused
from portal.kernel.text import N_

OLD_OFFER = N_("The picture was too old. Scan this new one and enter its code.")


@bp.get("/second-step")
@public
def enrol() -> ResponseReturnValue:
    """Staff come here before they are signed in, everybody else when they wish."""
    me = _may_enrol()
    if me is None:
        return current_app.make_response(current_app.extensions["stranger"]())
    offer = new_offer(id_of(me.person), me.person.email)
    answers = {"next": next_or(request.args.get("next", ""), ""), "offer": offer.sealed}
    return page("accounts/enrol.html", form=_form(me)(answers=answers), **_around(me, offer))


@bp.post("/second-step")
@public
def keep_enrolment() -> ResponseReturnValue:
    """Answers with the recovery codes themselves: only their fingerprints are kept."""
    me = _may_enrol()
    if me is None:
        return current_app.make_response(current_app.extensions["stranger"]())
    form = _form(me)(request.form)
    try:
        offer = same_offer(id_of(me.person), me.person.email, request.form.get("offer", ""))
    except NotOurs:
        return _offered_anew(me)
    if not form.sound():
        return asked_again("accounts/enrol.html", form, context=_around(me, offer))
    given = form.cleaned()
    try:
        token, codes = _enrolled(me, offer, given)
    except Refused as refused:
        at = "code" if refused.message == signing_in.WRONG_CODE else "present_passphrase"
        return asked_again("accounts/enrol.html", form, refused, at, _around(me, offer))
    arrived = welcome(token)
    onward = next_or(given["next"], start_page(arrived.who()))
    return page("accounts/recovery_codes.html", codes=codes, onward=onward)


def _may_enrol() -> Visitor | None:
    found = visitor()
    return found if found and found.stage in {Stage.SIGNED_IN, Stage.NEEDS_ENROLMENT} else None


def _form(me: Visitor) -> type[StepForm]:
    """Half-way somebody has just given the passphrase; at an open screen it may be anybody."""
    return EnrolAgainForm if me.is_authenticated else EnrolForm


def _around(me: Visitor, offer: Offer) -> dict[str, Any]:
    return {"offer": offer, "again": bool(me.person.totp_secret), "must": not me.is_authenticated}


def _offered_anew(me: Visitor) -> Response:
    offer = new_offer(id_of(me.person), me.person.email)
    wish = next_or(request.form.get("next", ""), "")
    form = _form(me)(answers={"next": wish, "offer": offer.sealed})
    return asked_again("accounts/enrol.html", form, Refused(OLD_OFFER), "", _around(me, offer))


def _enrolled(me: Visitor, offer: Offer, given: dict[str, str]) -> tuple[str, list[str]]:
    if me.is_authenticated:
        check_passphrase(me, given["present_passphrase"])
    anew, now = me.is_authenticated, real_now()
    with apart() as db:
        signing_in.count_code_try(db, id_of(me.person), now)
    with apart() as db:
        return own.set_second_factor(
            db, me.session, offer.secret, given["code"], anew=anew, now=now
        )


@bp.get("/second-step/codes")
@needs(May.SIGNED_IN)
def new_codes() -> Response:
    return page("accounts/new_codes.html", form=StepUpForm())


@bp.post("/second-step/codes")
@needs(May.SIGNED_IN)
@commits
def keep_new_codes() -> ResponseReturnValue:
    form = StepUpForm(request.form)
    if refused := _stepped_up(form):
        return asked_again("accounts/new_codes.html", form, *refused)
    codes = own.renew_recovery_codes(session(), id_of(signed_in().person), now=real_now())
    return page("accounts/recovery_codes.html", codes=codes, onward=url_for(".account"))


@bp.get("/second-step/remove")
@needs(May.SIGNED_IN)
def remove_second_step() -> Response:
    return page("accounts/remove_second_step.html", form=StepUpForm())


@bp.post("/second-step/remove")
@needs(May.SIGNED_IN)
def keep_removal() -> ResponseReturnValue:
    """The other sessions end; this one goes on under a new token."""
    form = StepUpForm(request.form)
    if refused := _stepped_up(form):
        return asked_again("accounts/remove_second_step.html", form, *refused)
    with apart() as db:
        token = own.remove_second_factor(db, signed_in().session, now=real_now())
    welcome(token)
    flash(say(N_("The second step at sign-in is switched off")))
    return see_other(url_for(".account"))


def _stepped_up(form: StepForm) -> tuple[()] | tuple[Refused | None, str]:
    """Nothing if the passphrase is right, else what `asked_again` wants to know."""
    if not form.sound():
        return None, ""
    try:
        check_passphrase(signed_in(), form.cleaned()["present_passphrase"])
    except Refused as refused:
        return refused, "present_passphrase"
    return ()
