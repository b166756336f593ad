"""The secure connection: which location is there, what is wrong, and how to install.

nginx leads whoever shows a bad certificate to the check page, whatever page was asked for.
"""

from flask import Blueprint, Response, jsonify, request

from portal.certificates.connection import note_use, presented, through_nginx
from portal.certificates.diagnosis import CLOCK_MAY_BE_OFF, FAULTS, diagnosis
from portal.certificates.systems import SYSTEMS
from portal.infra.clock import real_now
from portal.infra.db import session
from portal.infra.guards import connected, current_location, public
from portal.infra.settings import settings
from portal.infra.web import page
from portal.registry.queries import location_numbered

bp = Blueprint("connection", __name__, url_prefix="/connection")
api_bp = Blueprint("connection_api", __name__, url_prefix="/api")


@bp.get("/")
@connected
def show() -> Response:
    """Which service location this is."""
    here = current_location()
    place = location_numbered(session(), here.location)
    return page("certificates/connected.html", here=here, place=place, owner=place.institution)


@bp.get("/check")
@public
def check() -> Response:
    """What is wrong with the certificate that was shown, or that nothing is; how to install."""
    found = presented()
    if found.fault is None and found.held is not None:
        note_use(found.held)
    at, held = real_now(), found.held
    response = page(
        "certificates/check.html",
        secured=through_nginx(request),
        secure_address=settings().secure_address,
        fault=FAULTS[found.fault] if found.fault else None,
        held=held,
        place=location_numbered(session(), held.location) if held else None,
        at=at,
        clock_may_be_off=CLOCK_MAY_BE_OFF,
        told=diagnosis(
            at=at,
            verified=found.verified,
            serial=found.serial,
            fault=found.fault,
            location=held.location if held else "",
        ),
        systems=SYSTEMS,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@api_bp.get("/connection")
@connected
def tell() -> Response:
    """The same for programs: JSON; 403 with the fault's key where a certificate does not hold."""
    here = current_location()
    answer = jsonify(
        location=here.location,
        institution=here.institution,
        certificate=here.serial,
        until=here.until.isoformat(timespec="seconds"),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
