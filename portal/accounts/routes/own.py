"""One's own account: particulars, passphrase, sessions."""

from flask import Response, flash, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from portal.accounts.actions import own, passphrases, sessions
from portal.accounts.actions.sessions import id_of
from portal.accounts.hashing import hashed
from portal.accounts.models import SignInSession
from portal.accounts.queries import person_numbered, recovery_codes_left, sessions_of
from portal.accounts.routes.answers import asked_again, check_passphrase
from portal.accounts.routes.blueprint import bp
from portal.accounts.rules import ROLE_NAMES, STAFF, Role, Stage
from portal.accounts.steps import LANGUAGES, ChangePassphraseForm, ParticularsForm
from portal.accounts.visitors import Visitor, limits, visitor, welcome
from portal.infra.clock import real_now
from portal.infra.db import apart, commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.i18n import say
from portal.infra.web import page, see_other
from portal.kernel.problems import Refused
from portal.kernel.text import N_


def signed_in() -> Visitor:
    """The visitor of a guarded page."""
    found = visitor()
    assert found and found.stage is Stage.SIGNED_IN, "only guarded routes"
    return found


@bp.get("/")
@needs(May.SIGNED_IN)
def account() -> Response:
    me = signed_in()
    person_id = id_of(me.person)
    return page(
        "accounts/account.html",
        person=me.person,
        role=ROLE_NAMES[Role(me.person.role)],
        letters=dict(LANGUAGES)[me.person.language],
        sessions=_open_sessions(person_id),
        here=me.session.id,
        codes_left=recovery_codes_left(session(), person_id),
        may_remove=me.person.role not in STAFF,
    )


def _open_sessions(person_id: int) -> list[SignInSession]:
    now, lasting = real_now(), limits()
    found = sessions_of(session(), person_id, since=now - lasting.absolute)
    return [each for each in found if now - each.last_seen_at < lasting.idle]


@bp.get("/particulars")
@needs(May.SIGNED_IN)
def particulars() -> Response:
    person = person_numbered(session(), current_person().id)
    form = ParticularsForm(answers={"name": person.name, "language": person.language})
    return page("accounts/particulars.html", form=form)


@bp.post("/particulars")
@needs(May.SIGNED_IN)
@commits
def keep_particulars() -> ResponseReturnValue:
    form = ParticularsForm(request.form)
    if not form.sound():
        return asked_again("accounts/particulars.html", form)
    own.change_particulars(session(), current_person().id, **form.cleaned(), now=real_now())
    flash(say(N_("Your particulars are saved")))
    return see_other(url_for(".account"))


@bp.get("/passphrase")
@needs(May.SIGNED_IN)
def passphrase() -> Response:
    return page("accounts/passphrase.html", form=ChangePassphraseForm())


@bp.post("/passphrase")
@needs(May.SIGNED_IN)
def keep_passphrase() -> ResponseReturnValue:
    """The other sessions end; this one goes on under a new token."""
    me = signed_in()
    known = {"name": me.person.name, "email": me.person.email}
    form = ChangePassphraseForm(request.form, given=known)
    if not form.sound():
        return asked_again("accounts/passphrase.html", form)
    given = form.cleaned()
    try:
        check_passphrase(me, given["present_passphrase"])
    except Refused as refused:
        return asked_again("accounts/passphrase.html", form, refused, at="present_passphrase")
    passphrase_hash, now = hashed(given["new_passphrase"]), real_now()
    with apart() as db:
        token = passphrases.change(db, me.session, passphrase_hash, now=now)
    welcome(token)
    flash(say(N_("Your passphrase is changed. You are signed out on your other devices.")))
    return see_other(url_for(".account"))


@bp.post("/sessions/end")
@needs(May.SIGNED_IN)
@commits
def end_sessions() -> ResponseReturnValue:
    """Sign out everywhere, here too."""
    sessions.sign_out_everywhere(session(), current_person().id, now=real_now())
    return see_other(url_for(".signed_out"))
