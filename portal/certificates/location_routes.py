"""A service location's certificates, and the three ways to one: CSR, this browser, made by us."""

from secrets import token_hex
from typing import Any

from flask import Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from portal.certificates import actions
from portal.certificates.models import Certificate
from portal.certificates.queries import of_location
from portal.certificates.routes import bp, form_name, own_desk
from portal.certificates.rules import HOLDING, REASONS, STAGES, WAYS, Way, stage, stage_of_place
from portal.certificates.set_up_queries import Desk, live_code, place_of
from portal.certificates.signing_requests import MOST, public_key_of
from portal.infra.clock import now, real_now
from portal.infra.db import commits, session
from portal.infra.guards import May, current_person, needs
from portal.infra.i18n import say
from portal.infra.web import page, see_other
from portal.kernel.problems import Problem, Refused
from portal.kernel.text import N_
from portal.registry.models import ServiceLocation

SHORTEST_PASSPHRASE = 12
"""Of the file that is made in the browser; whoever has the file can try for ever."""


def own_place(number: str, place: str) -> tuple[Desk, ServiceLocation]:
    """Institution and place, for its applicant or for staff, or the same 404 as none."""
    at = own_desk(number)
    return at, place_of(session(), at, place)


@bp.get("/<number>/locations/<place>/certificate/")
@needs(May.SIGNED_IN)
def show_place(number: str, place: str) -> Response:
    """All certificates of a place, and the ways to another."""
    return place_page(*own_place(number, place))


def place_page(
    at: Desk,
    location: ServiceLocation,
    *,
    problems: tuple[Problem, ...] = (),
    typed: str = "",
    status: int = 200,
) -> Response:
    db, real = session(), real_now()
    held = [(each, stage(each, real)) for each in of_location(db, location)]
    return page(
        "certificates/place.html",
        status=status,
        desk=at,
        institution=at.institution,
        location=location,
        held=held,
        now_at=stage_of_place([each for _, each in held]),
        holds=[each for each, where in held if where in HOLDING],
        stages=STAGES,
        ways=WAYS,
        reasons=REASONS,
        code=live_code(db, at.institution, now()),
        shortest=SHORTEST_PASSPHRASE,
        asked=[token_hex(16) for _ in range(3)],
        typed=typed,
        problems=problems,
    )


@bp.post("/<number>/locations/<place>/certificate/request")
@needs(May.SIGNED_IN)
@commits
def request_by_csr(number: str, place: str) -> ResponseReturnValue:
    """Ask with a signing request, pasted or as a file. Refused, it stays in the form."""
    at, location = own_place(number, place)
    sent = sent_request()
    try:
        wanted = asked_for(at, location, Way.CSR, sent)
    except Refused as refused:
        session().rollback()
        problem = Problem("request", refused.message)
        return place_page(at, location, problems=(problem,), typed=kept(sent), status=422)
    return see_other(address_of(at, location, wanted))


@bp.post("/<number>/locations/<place>/certificate/from-browser")
@needs(May.SIGNED_IN)
@commits
def request_by_browser(number: str, place: str) -> ResponseReturnValue:
    """The same for the page's own script, which made the key: JSON that says where to look."""
    at, location = own_place(number, place)
    try:
        wanted = asked_for(at, location, Way.BROWSER, sent_request())
    except Refused as refused:
        session().rollback()
        return jsonify(problem=say(refused.message)), 422
    return jsonify(
        state=address_of(at, location, wanted, ".certificate_bytes"),
        page=address_of(at, location, wanted),
    )


@bp.post("/<number>/locations/<place>/certificate/made")
@needs(May.SIGNED_IN)
@commits
def request_made_key(number: str, place: str) -> ResponseReturnValue:
    """Ask for a key made by us, to be fetched with the installation code."""
    at, location = own_place(number, place)
    only_institution(at)
    wanted = actions.ask_for_made_key(session(), location, asked=form_name(), **stamp())
    return see_other(address_of(at, location, wanted))


def asked_for(at: Desk, location: ServiceLocation, way: Way, sent: bytes) -> Certificate:
    only_institution(at)
    spki = public_key_of(sent)
    return actions.ask(session(), location, way=way, spki=spki, asked=form_name(), **stamp())


def only_institution(at: Desk) -> None:
    """Keys are the institution's alone.

    Raises:
        Refused: it is the office that asks.
    """
    if at.by_office:
        raise Refused(N_("Only the institution itself can ask for a certificate"))


def stamp() -> dict[str, Any]:
    """Who and when, by both clocks."""
    return {"by": current_person().on_record, "now": now(), "real": real_now()}


def sent_request() -> bytes:
    """The file if one was chosen, or what was pasted; one byte too much is enough to refuse it."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return file.stream.read(MOST + 1)
    return request.form.get("request", "").strip().encode()[: MOST + 1]


def kept(sent: bytes) -> str:
    """What goes back into the box: text, and never a private key."""
    if b"PRIVATE KEY-----" in sent:
        return ""
    try:
        return sent.decode("ascii")
    except UnicodeDecodeError:
        return ""


def address_of(
    at: Desk, location: ServiceLocation, certificate: Certificate, page: str = ".show_certificate"
) -> str:
    return url_for(
        page,
        number=at.institution.number,
        place=location.number,
        certificate_id=certificate.id,
    )
