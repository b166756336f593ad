"""What somebody typed while their session ran out, offered again to them alone."""

from flask import Response

from portal.accounts.actions.kept import fields_of
from portal.accounts.queries import kept_typing
from portal.accounts.routes.blueprint import bp
from portal.infra.clock import real_now
from portal.infra.db import session
from portal.infra.guards import May, current_person, needs
from portal.infra.web import page


@bp.get("/typed/<name>")
@needs(May.SIGNED_IN)
def typed(name: str) -> Response:
    """A form of hidden fields that goes where it was meant to go, with a token of today.

    It is not sent by itself: the person decides, and no page does with GET what needs a POST.
    """
    found = kept_typing(session(), name, current_person().id, real_now())
    return page("accounts/typed.html", path=found.path, fields=fields_of(found), files=found.files)
