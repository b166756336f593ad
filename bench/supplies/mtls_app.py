"""The portal with one page at two more addresses: for places that are connected, for everybody."""

from flask import Response

from portal.factory import create_app
from portal.infra.guards import connected, public

app = create_app()
results = app.view_functions["registry.results"]


def _same() -> Response:
    return app.make_response(results())


app.add_url_rule("/<lang:lang>/with", "with_certificate", connected(lambda: _same()))
app.add_url_rule("/<lang:lang>/without", "without_certificate", public(lambda: _same()))
