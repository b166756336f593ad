"""Signing in and out."""

from flask import Response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import sessions, signing_in
from portal.accounts.actions.sessions import id_of
from portal.accounts.hashing import fits, hashed, outdated
from portal.accounts.routes.answers import (
    asked_again,
    network,
    next_or,
    start_page,
    this_device,
)
from portal.accounts.routes.blueprint import bp
from portal.accounts.rules import Stage
from portal.accounts.steps import CodeForm, RecoveryForm, SignInForm
from portal.accounts.visitors import Visitor, visitor, welcome
from portal.forms.fields import StepForm
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import forget_who, public, who_is_there
from portal.infra.web import page, see_other
from portal.kernel.problems import Refused


@bp.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    wish = request.args.get("next", "")
    if who := who_is_there():
        return redirect(next_or(wish, start_page(who)), 303)
    form = SignInForm(answers={"next": next_or(wish, "")})
    return page("accounts/sign_in.html", form=form, kept="kept" in request.args)


@bp.post("/sign-in")
@public
def keep_sign_in() -> ResponseReturnValue:
    """The try is counted and kept before it is looked at; the slow part holds no transaction."""
    form = SignInForm(request.form)
    if not form.sound():
        return asked_again("accounts/sign_in.html", form, context={"kept": False})
    given = form.cleaned()
    try:
        token = _entered(given["email"], given["passphrase"])
    except Refused as refused:
        return asked_again("accounts/sign_in.html", form, refused, context={"kept": False})
    return _onward(welcome(token, fresh=True), given["next"])


def _entered(email: str, passphrase: str) -> str:
    with apart() as db:
        claim = signing_in.begin_try(db, email=email, address=network(), now=real_now())
    while fits(claim.hash, passphrase):
        rehashed = hashed(passphrase) if outdated(claim.hash) else ""
        now, device = real_now(), this_device()
        with apart() as db:
            if token := signing_in.enter(db, claim, device=device, now=now, rehashed=rehashed):
                return token
            claim = signing_in.as_on_record(db, claim)
    with apart() as db:
        refused = signing_in.fail(db, claim, now=real_now())
    raise refused


def _onward(arrived: Visitor, wish: str) -> Response:
    """To the second step if one is due, else to the page that was wished for."""
    if arrived.stage is Stage.NEEDS_CODE:
        return see_other(url_for(".code", next=wish or None))
    if arrived.stage is Stage.NEEDS_ENROLMENT:
        return see_other(url_for(".enrol", next=wish or None))
    return see_other(next_or(wish, start_page(arrived.who())))


@bp.get("/sign-in/code")
@public
def code() -> ResponseReturnValue:
    return _second_step("accounts/code.html", CodeForm)


@bp.get("/sign-in/recovery")
@public
def recovery() -> ResponseReturnValue:
    return _second_step("accounts/recovery.html", RecoveryForm)


def _second_step(template: str, form: type[StepForm]) -> ResponseReturnValue:
    wish = next_or(request.args.get("next", ""), "")
    found = visitor()
    if found is None or found.stage is not Stage.NEEDS_CODE:
        return redirect(url_for(".sign_in", next=wish or None), 303)
    return page(template, form=form(answers={"next": wish}))


@bp.post("/sign-in/code")
@public
def keep_code() -> ResponseReturnValue:
    return _proved("accounts/code.html", CodeForm(request.form), "code")


@bp.post("/sign-in/recovery")
@public
def keep_recovery() -> ResponseReturnValue:
    return _proved("accounts/recovery.html", RecoveryForm(request.form), "recovery_code")


def _proved(template: str, form: StepForm, field: str) -> ResponseReturnValue:
    found = visitor()
    if found is None or found.stage is not Stage.NEEDS_CODE:
        wish = next_or(request.form.get("next", ""), "")
        return see_other(url_for(".sign_in", next=wish or None))
    if not form.sound():
        return asked_again(template, form)
    given = form.cleaned()
    try:
        token = _through(found, field, given[field])
    except Refused as refused:
        return asked_again(template, form, refused, at=field)
    return _onward(welcome(token), given["next"])


def _through(found: Visitor, field: str, given: str) -> str:
    prove = {"code": signing_in.prove_code, "recovery_code": signing_in.prove_recovery_code}[field]
    now, person_id = real_now(), id_of(found.person)
    with apart() as db:
        signing_in.count_code_try(db, person_id, now)
    try:
        with apart() as db:
            return prove(db, person_id, found.session, given, now=now)
    except Refused:
        with apart() as db:
            signing_in.fail_code(db, person_id, now=now)
        raise


@bp.post("/sign-out")
@public
@commits
def sign_out() -> ResponseReturnValue:
    """End the session. The cookie keeps its dead token: a form left open elsewhere in this
    browser is then still kept for its person, and for nobody else."""
    if found := visitor():
        sessions.end(session(), found.session, now=real_now())
    forget_who()
    return see_other(url_for(".signed_out"))


@bp.get("/signed-out")
@public
def signed_out() -> Response:
    return page("accounts/signed_out.html")
