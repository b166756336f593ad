"""One certificate: how far it is, its downloads, the key we made, and its revocation."""

from base64 import b64encode
from typing import Any

from flask import Response, flash, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from portal.certificates import actions, code_actions, pkcs12
from portal.certificates.location_routes import only_institution, own_place, stamp
from portal.certificates.models import Certificate
from portal.certificates.queries import authority_numbered
from portal.certificates.routes import bp
from portal.certificates.rules import (
    CHOSEN_BY_INSTITUTION,
    REASONS,
    STAGES,
    WAYS,
    Reason,
    Stage,
    stage,
)
from portal.certificates.set_up_queries import Desk, certificate_of_place, live_code
from portal.infra.clock import now, real_now
from portal.infra.db import commits, session
from portal.infra.guards import May, needs
from portal.infra.i18n import say
from portal.infra.serving import send_bytes
from portal.infra.tickets import ticket_named
from portal.infra.web import page, see_other, wants_part
from portal.kernel.problems import NotHere, Problem, Refused
from portal.kernel.text import N_
from portal.registry.models import ServiceLocation

ONE = "/<number>/locations/<place>/certificate/<int(max=2147483647):certificate_id>"
Found = tuple[Desk, ServiceLocation, Certificate]


def own_certificate(number: str, place: str, certificate_id: int) -> Found:
    at, location = own_place(number, place)
    return at, location, certificate_of_place(session(), location, certificate_id)


def issued(number: str, place: str, certificate_id: int) -> tuple[Certificate, bytes]:
    """The certificate and its bytes.

    Raises:
        NotHere: there is none, or it is not issued yet.
    """
    _at, _location, found = own_certificate(number, place, certificate_id)
    if found.certificate is None:
        raise NotHere
    return found, found.certificate


@bp.get(f"{ONE}/")
@needs(May.SIGNED_IN)
def show_certificate(number: str, place: str, certificate_id: int) -> Response:
    """One certificate: how far it is, and then what can be done with it."""
    return certificate_page(*own_certificate(number, place, certificate_id))


def certificate_page(
    at: Desk,
    location: ServiceLocation,
    certificate: Certificate,
    problems: tuple[Problem, ...] = (),
    status: int = 200,
) -> Response:
    shown = of_certificate(at, location, certificate)
    return page("certificates/certificate.html", status=status, problems=problems, **shown)


@bp.get(f"{ONE}/progress")
@needs(May.SIGNED_IN)
def certificate_progress(number: str, place: str, certificate_id: int) -> Response:
    """The part that is asked for again until the job is done; the whole page by itself."""
    part = wants_part()
    shown = of_certificate(*own_certificate(number, place, certificate_id))
    template = "certificates/progress.html" if part else "certificates/certificate.html"
    return page(template, problems=(), **shown)


def of_certificate(at: Desk, location: ServiceLocation, certificate: Certificate) -> dict[str, Any]:
    db = session()
    where = stage(certificate, real_now())
    return {
        "desk": at,
        "institution": at.institution,
        "location": location,
        "certificate": certificate,
        "stage": where,
        "stages": STAGES,
        "ways": WAYS,
        "reasons": REASONS,
        "ticket": ticket_named(db, f"certificate:{certificate.id}"),
        "running": where is Stage.REQUESTED,
        "to_fetch": certificate.sealed_key is not None and certificate.certificate is not None,
        "code": live_code(db, at.institution, now()),
    }


@bp.get(f"{ONE}/state.json")
@needs(May.SIGNED_IN)
def certificate_bytes(number: str, place: str, certificate_id: int) -> ResponseReturnValue:
    """For the page's own script that waits: the bytes once they are there, in base64."""
    _at, _location, found = own_certificate(number, place, certificate_id)
    if found.refused or found.revoked_at:
        return jsonify(problem=say(found.refused or N_("The certificate was revoked")))
    if found.certificate is None:
        return jsonify(waiting=True)
    return jsonify(
        certificate=b64encode(found.certificate).decode(),
        issuer=b64encode(issuer_of(found)).decode(),
    )


def issuer_of(certificate: Certificate) -> bytes:
    return authority_numbered(session(), certificate.authority_id or 0).certificate


@bp.get(f"{ONE}/certificate.pem")
@needs(May.SIGNED_IN)
def download_pem(number: str, place: str, certificate_id: int) -> Response:
    """The certificate alone, PEM."""
    _found, der = issued(number, place, certificate_id)
    return file(f"{place}.pem", actions.as_pem(der), "application/x-pem-file")


@bp.get(f"{ONE}/certificate.cer")
@needs(May.SIGNED_IN)
def download_der(number: str, place: str, certificate_id: int) -> Response:
    """The certificate alone, DER."""
    _found, der = issued(number, place, certificate_id)
    return file(f"{place}.cer", der, "application/pkix-cert")


@bp.get(f"{ONE}/chain.pem")
@needs(May.SIGNED_IN)
def download_chain(number: str, place: str, certificate_id: int) -> Response:
    """The certificate and its issuer's, in the order in which servers and clients send them."""
    found, der = issued(number, place, certificate_id)
    both = actions.as_pem(der, issuer_of(found))
    return file(f"{place}-chain.pem", both, "application/x-pem-file")


def file(name: str, content: bytes, media_type: str) -> Response:
    return send_bytes(content, filename=name, media_type=media_type, as_attachment=True)


@bp.post(f"{ONE}/fetch")
@needs(May.SIGNED_IN)
@commits
def fetch(number: str, place: str, certificate_id: int) -> ResponseReturnValue:
    """The key we made, once, against the installation code."""
    at, location, found = own_certificate(number, place, certificate_id)
    only_institution(at)
    typed = request.form.get("code", "")
    try:
        content = code_actions.fetch(session(), at, location, found, typed, **stamp())
    except code_actions.WrongCode as wrong:
        # The answer is no success, but that a try was made must be kept.
        session().commit()
        return certificate_page(at, location, found, (Problem("code", wrong.message),), 422)
    except Refused as refused:
        session().rollback()
        return certificate_page(at, location, found, (Problem("code", refused.message),), 422)
    return file(f"{location.number}.p12", content, pkcs12.MEDIA_TYPE)


@bp.get(f"{ONE}/revoke")
@needs(May.SIGNED_IN)
def ask_revoke(number: str, place: str, certificate_id: int) -> Response:
    """What a revocation does, why it is wanted, and the button."""
    return revoke_page(*own_certificate(number, place, certificate_id))


def reasons_for(at: Desk) -> dict[Reason, str]:
    """The reasons this side may give."""
    own = CHOSEN_BY_INSTITUTION
    return {key: words for key, words in REASONS.items() if at.by_office or key in own}


def revoke_page(
    at: Desk,
    location: ServiceLocation,
    certificate: Certificate,
    problems: tuple[Problem, ...] = (),
    status: int = 200,
) -> Response:
    return page(
        "certificates/revoke.html",
        status=status,
        may_choose=reasons_for(at),
        problems=problems,
        **of_certificate(at, location, certificate),
    )


@bp.post(f"{ONE}/revoke")
@needs(May.SIGNED_IN)
@commits
def revoke(number: str, place: str, certificate_id: int) -> ResponseReturnValue:
    """Revoke it for good, from the next request on."""
    at, location, found = own_certificate(number, place, certificate_id)
    reason = request.form.get("reason", "")
    if reason not in reasons_for(at):
        problem = Problem("reason", N_("Say why the certificate is revoked"))
        return revoke_page(at, location, found, (problem,), status=422)
    if actions.revoke(session(), found, reason=Reason(reason), **stamp()):
        flash(say(N_("The certificate is revoked")))
    return see_other(url_for(".show_place", number=number, place=place))
