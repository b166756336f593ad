"""A new passphrase by a link from a mail: forgotten, or the first of a member of staff."""

from flask import Response, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import passphrases
from portal.accounts.actions.passphrases import INVITATION, RESET
from portal.accounts.actions.tries import TooSoon
from portal.accounts.hashing import hashed
from portal.accounts.queries import open_link, person_numbered
from portal.accounts.routes.answers import asked_again
from portal.accounts.routes.blueprint import bp
from portal.accounts.routes.joining import count_mail
from portal.accounts.steps import AddressForm, NewPassphraseForm
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import public
from portal.infra.i18n import current_lang
from portal.infra.web import page, see_other
from portal.kernel.problems import NotHere


@bp.get("/passphrase/forgotten")
@public
def ask_reset() -> Response:
    return page("accounts/ask_reset.html", form=AddressForm(), over=False)


@bp.post("/passphrase/forgotten")
@public
@commits
def keep_ask_reset() -> ResponseReturnValue:
    """The answer is the same whether the address has an account or not; only the mail differs."""
    form = AddressForm(request.form)
    if not form.sound():
        return asked_again("accounts/ask_reset.html", form, context={"over": False})
    email = form.cleaned()["email"]
    try:
        count_mail(email)
    except TooSoon as refused:
        return asked_again("accounts/ask_reset.html", form, refused, context={"over": False})
    passphrases.ask_reset(session(), email=email, lang=current_lang(), now=real_now())
    return see_other(url_for(".reset_sent"))


@bp.get("/passphrase/sent")
@public
def reset_sent() -> Response:
    return page("accounts/reset_sent.html")


@bp.get("/passphrase/new/<token>")
@public
def reset(token: str) -> Response:
    return _choose(token, RESET)


@bp.post("/passphrase/new/<token>")
@public
def keep_reset(token: str) -> ResponseReturnValue:
    return _chosen(token, RESET)


@bp.get("/invitation/<token>")
@public
def accept(token: str) -> Response:
    return _choose(token, INVITATION)


@bp.post("/invitation/<token>")
@public
def keep_acceptance(token: str) -> ResponseReturnValue:
    return _chosen(token, INVITATION)


def _choose(token: str, kind: str) -> Response:
    """The link is looked at and not used: programs that follow links in mails change nothing."""
    try:
        link = open_link(session(), token, kind, real_now())
    except NotHere:
        return _over(kind)
    person = person_numbered(session(), link.person_id)
    form = NewPassphraseForm()
    return page("accounts/new_passphrase.html", form=form, kind=kind, email=person.email)


def _chosen(token: str, kind: str) -> ResponseReturnValue:
    now = real_now()
    try:
        with apart() as db:
            person = person_numbered(db, open_link(db, token, kind, now).person_id)
    except NotHere:
        return _over(kind)
    form = NewPassphraseForm(request.form, given={"name": person.name, "email": person.email})
    if not form.sound():
        around = {"kind": kind, "email": person.email}
        return asked_again("accounts/new_passphrase.html", form, context=around)
    passphrase_hash = hashed(form.cleaned()["passphrase"])
    act = passphrases.reset if kind == RESET else passphrases.accept_invitation
    try:
        with apart() as db:
            act(db, token, passphrase_hash, now=now)
    except NotHere:
        return _over(kind)
    return see_other(url_for(".passphrase_set"))


@bp.get("/passphrase/set")
@public
def passphrase_set() -> Response:
    return page("accounts/passphrase_set.html")


def _over(kind: str) -> Response:
    if kind == INVITATION:
        return page("accounts/invitation_over.html", status=410)
    form = AddressForm()
    return page("accounts/ask_reset.html", status=410, form=form, problems=(), over=True)
