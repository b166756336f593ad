"""Registration certificates, as staff look at them."""

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.certificates.paper_routes import given_out
from portal.infra.db import commits, session
from portal.infra.guards import May, needs
from portal.registry.queries import institution_numbered
from portal.staff.routes import bp


@bp.get("/institutions/<number>/registration.pdf")
@needs(May.REVIEW_APPLICATIONS)
@commits
def registration(number: str) -> ResponseReturnValue:
    """The signed PDF; reading it is on record."""
    institution = institution_numbered(session(), number)
    return given_out(institution, back=url_for(".show_queue"))
