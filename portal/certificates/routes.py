"""What an institution sets up, as it and the office see it: checklist, countdown, codes."""

from datetime import date
from secrets import token_hex

from flask import Blueprint, Response, flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.accounts.actions.tries import TooSoon
from portal.cases.standing import standing
from portal.certificates import code_actions, set_up_actions
from portal.certificates.rules import SET_UP, STAGES
from portal.certificates.set_up_actions import field, items_of
from portal.certificates.set_up_queries import PAGE, Desk, count_places, desk, live_code, places
from portal.infra.clock import now, real_now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.i18n import say
from portal.infra.web import page, see_other
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_

bp = Blueprint("certificates", __name__, url_prefix="/institutions")

LONGEST_DIAGNOSIS = 2000


def own_desk(number: str) -> Desk:
    """The institution, for its applicant or for staff, or the same 404 as none."""
    return desk(session(), number, current_person())


def form_name() -> str:
    """What the form that was sent is called, so that it counts once however often it comes."""
    return request.form.get("asked", "")[:64] or token_hex(16)


@bp.get("/<number>/set-up/")
@needs(May.SIGNED_IN)
def set_up(number: str) -> Response:
    """Checklist and countdown, the same for the institution and the office; htmx: the summary."""
    return checklist(own_desk(number))


def checklist(at: Desk, problems: tuple[Problem, ...] = (), status: int = 200) -> Response:
    db = session()
    total, connected = count_places(db, at.institution, now())
    current, last = page_of(total)
    return page(
        "certificates/set_up.html",
        block="" if problems else "panel",
        status=status,
        desk=at,
        institution=at.institution,
        standing=standing(at.case, now(), complete=True) if at.case else None,
        places=places(db, at.institution, first=(current - 1) * PAGE, now=now(), real=real_now()),
        total=total,
        connected=connected,
        current=current,
        last=last,
        address=lambda n: url_for(".set_up", number=at.institution.number, page=n),
        items=SET_UP,
        own_items=items_of(at.side),
        field=field,
        day=date.fromisoformat,
        typed=request.form if problems else {},
        stages=STAGES,
        code=live_code(db, at.institution, now()),
        asked=token_hex(16),
        diagnosis=request.args.get("diagnosis", "")[:LONGEST_DIAGNOSIS],
        problems=problems,
    )


def page_of(total: int) -> tuple[int, int]:
    """The page that is asked for, as far as there are pages, and the last one."""
    last = max(1, -(-total // PAGE))
    return min(max(request.args.get("page", 1, int), 1), last), last


@bp.post("/<number>/set-up/")
@needs(May.SIGNED_IN)
@commits
def save_notes(number: str) -> ResponseReturnValue:
    """Keep what this side noted of the places on this page."""
    at, db = own_desk(number), session()
    current, _last = page_of(count_places(db, at.institution, now())[0])
    shown = places(db, at.institution, first=(current - 1) * PAGE, now=now(), real=real_now())
    try:
        set_up_actions.note(
            db, shown, request.form, side=at.side, by=current_person().on_record, now=now()
        )
    except Refused as refused:
        db.rollback()
        return checklist(at, refused.problems, status=422)
    flash(say(N_("The checklist is saved")))
    return see_other(url_for(".set_up", number=at.institution.number, page=current))


@bp.post("/<number>/code")
@needs(May.SIGNED_IN)
@commits
def send_code(number: str) -> ResponseReturnValue:
    """Have a new installation code sent; the one before is void then."""
    at = own_desk(number)
    try:
        code_actions.ask_for_code(
            session(), at, asked=form_name(), by=current_person().on_record,
            now=now(), real=real_now(),
        )  # fmt: skip
    except TooSoon as refused:
        session().rollback()
        answer = checklist(at, (Problem("new-code", refused.message),), status=429)
        answer.headers["Retry-After"] = str(refused.seconds)
        return answer
    flash(say(N_("A new installation code is on its way by e-mail. The one before is void")))
    return see_other(url_for(".set_up", number=at.institution.number))


from portal.certificates import certificate_routes, location_routes  # noqa: E402,F401
