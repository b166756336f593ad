"""What relying parties fetch: issuing certificates, lists of revoked ones, answers of OCSP.

Plain addresses without a language, over http too: what is fetched is signed (RFC 5280 §8).
"""

import base64

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from portal.certificates.life_queries import without_fresh_list
from portal.certificates.ocsp import LARGEST, answer
from portal.certificates.queries import authority_numbered, newest_list
from portal.infra.clock import real_now
from portal.infra.db import session
from portal.infra.guards import machine, public
from portal.infra.health import Alarm

OCSP_RESPONSE = "application/ocsp-response"
AUTHORITY = "<int(max=2147483647):authority_id>"
"""No greater than the database's numbers: beyond them there is none, and no error."""
public_bp = Blueprint("pki", __name__, url_prefix="/pki")


@public_bp.get(f"/{AUTHORITY}.cer")
@public
def authority(authority_id: int) -> Response:
    """An issuing authority's certificate, DER."""
    found = authority_numbered(session(), authority_id)
    return Response(found.certificate, mimetype="application/pkix-cert")


@public_bp.get(f"/{AUTHORITY}.crl")
@public
def revocation_list(authority_id: int) -> Response:
    """The newest signed list of an authority's revoked certificates, DER."""
    found = newest_list(session(), authority_numbered(session(), authority_id))
    return Response(found.der, mimetype="application/pkix-crl")


@public_bp.post("/ocsp")
@public
@machine
def ocsp() -> ResponseReturnValue:
    """The state of a certificate, signed (RFC 6960); what cannot be read is told so, signed not."""
    asked = request.stream.read(LARGEST + 1)
    return _answered(asked)


@public_bp.get("/ocsp/<path:question>", merge_slashes=False)
@public
@machine
def ocsp_by_address(question: str) -> ResponseReturnValue:
    """The same with the question in the address (RFC 6960, appendix A.1): base64, quoted."""
    try:
        asked = base64.b64decode(question, validate=True)
    except ValueError:
        asked = b""
    return _answered(asked)


def _answered(asked: bytes) -> Response:
    response = Response(answer(session(), asked, real=real_now()), mimetype=OCSP_RESPONSE)
    response.cache_control.no_store = True
    return response


def _fresh_lists() -> None:
    if without_fresh_list(session(), real_now()):
        raise Alarm("stale")


ALARMS = {"revocation_lists": _fresh_lists}
