"""The registration certificate of an institution, for who applied for it."""

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from portal.certificates.life_queries import applied_for
from portal.certificates.registration_papers import paper_of
from portal.infra.clock import now
from portal.infra.db import commits, session
from portal.infra.files import clean_file
from portal.infra.guards import May, current_person, needs
from portal.infra.serving import send_file_safely
from portal.infra.web import page
from portal.registry.models import Institution

bp = Blueprint("papers", __name__, url_prefix="/institutions")


@bp.get("/<number>/registration.pdf")
@needs(May.APPLY)
@commits
def registration(number: str) -> ResponseReturnValue:
    """The signed PDF; reading it is on record. Made when it is asked for the first time."""
    institution = applied_for(session(), number, current_person().id)
    return given_out(institution, back=url_for("application.mine"))


def given_out(institution: Institution, *, back: str) -> Response:
    """The paper of an effective institution, or a page that asks to wait for it.

    Raises:
        NotHere: the institution is not effective.
    """
    at = now()
    paper = paper_of(session(), institution, now=at)
    if paper is None:
        return page("certificates/paper_later.html", back=back)
    file = clean_file(session(), paper.file_id)
    return send_file_safely(session(), file, read_by=current_person().on_record, at=at)
