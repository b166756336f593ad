"""Opening an account: sign up, confirm the address, ask for the link again."""

from flask import Response, redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import joining, tries
from portal.accounts.actions.tries import TooSoon
from portal.accounts.hashing import hashed
from portal.accounts.queries import folded, open_sign_up
from portal.accounts.routes.answers import asked_again, network
from portal.accounts.routes.blueprint import bp
from portal.accounts.steps import AddressForm, SignUpForm
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import public
from portal.infra.i18n import current_lang
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere

WAITING = "sign_up_address"
"""In the signed cookie: the address that the page after this one speaks of."""

OWN = "sign_up_own"
"""Beside it: the mark of the sign-up that this browser made and may have sent again."""


@bp.get("/sign-up")
@public
def sign_up() -> Response:
    return page("accounts/sign_up.html", form=SignUpForm(answers={"language": current_lang()}))


@bp.post("/sign-up")
@public
@commits
def keep_sign_up() -> ResponseReturnValue:
    """The answer is the same whether the address has an account or not; only the mail differs."""
    form = SignUpForm(request.form)
    if not form.sound():
        return asked_again("accounts/sign_up.html", form)
    given = form.cleaned()
    try:
        count_mail(given["email"])
    except TooSoon as refused:
        return asked_again("accounts/sign_up.html", form, refused)
    # In both cases, and before a transaction is open: it takes a tenth of a second.
    passphrase_hash = hashed(given.pop("passphrase"))
    cookie[OWN] = joining.sign_up(
        session(), **given, passphrase_hash=passphrase_hash, now=real_now()
    )
    cookie[WAITING] = given["email"]
    return see_other(url_for(".sign_up_sent"))


@bp.get("/sign-up/sent")
@public
def sign_up_sent() -> ResponseReturnValue:
    if WAITING not in cookie:
        return redirect(url_for(".sign_up"), 303)
    again = "again" in request.args
    return page("accounts/sign_up_sent.html", email=cookie[WAITING], again=again)


@bp.post("/sign-up/again")
@public
@commits
def send_again() -> ResponseReturnValue:
    """Another mail with a fresh link, for who did not get the first or waited too long."""
    form = AddressForm(request.form)
    if not form.sound():
        return asked_again("accounts/sign_up_again.html", form)
    email = form.cleaned()["email"]
    try:
        count_mail(email)
    except TooSoon as refused:
        return asked_again("accounts/sign_up_again.html", form, refused)
    own, lang = cookie.get(OWN, ""), current_lang()
    joining.send_again(session(), email=email, mark=own, lang=lang, now=real_now())
    cookie[WAITING] = email
    return see_other(url_for(".sign_up_sent", again="yes"))


@bp.get("/confirm/<token>")
@public
def confirm(token: str) -> Response:
    """Ask for a press of a button: programs that follow links in mails must not use it up."""
    try:
        asked = open_sign_up(session(), token, real_now())
    except NotHere:
        return _over()
    return page("accounts/confirm.html", token=token, name=asked.name, email=asked.email)


@bp.post("/confirm/<token>")
@public
@commits
def keep_confirmation(token: str) -> ResponseReturnValue:
    try:
        joining.confirm(session(), token, now=real_now())
    except NotHere:
        return _over()
    for key in (WAITING, OWN):
        cookie.pop(key, None)
    return see_other(url_for(".confirmed"))


@bp.get("/confirmed")
@public
def confirmed() -> Response:
    return page("accounts/confirmed.html")


def _over() -> Response:
    form = AddressForm()
    return page("accounts/sign_up_again.html", status=410, form=form, problems=(), over=True)


def count_mail(email: str) -> None:
    """Count a mail asked for, whatever becomes of the request. Raises: TooSoon."""
    with apart() as db:
        tries.count_mail(db, email=folded(email), network=network(), now=real_now())
