"""Opening an account: sign up, confirm the address, ask for the link again."""

from flask import Response, redirect, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import joining, tries
from portal.accounts.actions.tries import TooSoon
from portal.accounts.hashing import fits, hashed
from portal.accounts.models import SignUp
from portal.accounts.queries import folded, open_sign_up
from portal.accounts.routes.answers import asked_again, network
from portal.accounts.routes.blueprint import bp
from portal.accounts.steps import AddressForm, ConfirmForm, SignUpForm
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import public
from portal.infra.i18n import current_lang
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere, Refused

WAITING = "sign_up_address"
"""In the signed cookie: the address that the page after this one speaks of."""

OWN = "sign_up_own"
"""Beside it: the mark of the sign-up that this browser made, may have sent again and confirms
without its passphrase."""


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
    return page("accounts/confirm.html", form=ConfirmForm(), asked=asked, own=_made_here(asked))


@bp.post("/confirm/<token>")
@public
def keep_confirmation(token: str) -> ResponseReturnValue:
    """The link shows whose the mailbox is, not whose the passphrase: a stranger may have signed
    up with the owner's address. Only the browser that signed up need not give it."""
    try:
        with apart() as db:
            asked = open_sign_up(db, token, real_now())
        return _confirmed(token, asked)
    except NotHere:
        return _over()


def _confirmed(token: str, asked: SignUp) -> ResponseReturnValue:
    own = _made_here(asked)
    if not own and (doubt := _doubt(asked)):
        return doubt
    with apart() as db:
        joining.confirm(db, token, now=real_now())
        if not own:
            joining.forgive(db, asked, network())
    for key in (WAITING, OWN):
        cookie.pop(key, None)
    return see_other(url_for(".confirmed"))


def _doubt(asked: SignUp) -> Response | None:
    """The page again, unless the passphrase of this sign-up was given with it."""
    form = ConfirmForm(request.form)
    refused = None
    if form.sound():
        try:
            _check(asked, form.cleaned()["passphrase"])
            return None
        except Refused as error:
            refused = error
    around = {"asked": asked, "own": False}
    return asked_again("accounts/confirm.html", form, refused, at="passphrase", context=around)


def _check(asked: SignUp, passphrase: str) -> None:
    """Counted like a sign-in, and kept, before it is looked at. Raises: Refused."""
    with apart() as db:
        tries.count_sign_in(db, email=asked.email_folded, network=network(), now=real_now())
    if not fits(asked.passphrase_hash, passphrase):
        with apart() as db:
            refused = joining.fail(db, asked, now=real_now())
        raise refused


def _made_here(asked: SignUp) -> bool:
    return joining.made_here(asked, cookie.get(OWN, ""))


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
