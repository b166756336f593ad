"""Answering a browser: one template per page, whole or one block of it, with safe headers."""

from flask import Flask, Response, make_response, redirect, render_template
from flask import session as cookie
from htmx_flask import request
from jinja2_fragments.flask import render_block

from portal.infra.settings import settings

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


def page(template: str, *, block: str = "", status: int = 200, **context: object) -> Response:
    """Render `template`, or only its `block` when htmx asked for a part of the page.

    A boosted link and a history restore want the whole page. Caches must keep the two
    answers apart, hence Vary.
    """
    if block and wants_part():
        html = render_block(template, block, **context)
    else:
        html = render_template(template, **context)
    response = make_response(html, status)
    response.vary.add("HX-Request")
    return response


def wants_part() -> bool:
    """Whether htmx asked for a part of a page and not for the whole of it."""
    htmx = request.htmx
    # htmx 4 says HX-Request-Type: full where htmx 2 sent a history restore request.
    whole = request.headers.get("HX-Request-Type") == "full"
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request or whole)


def see_other(url: str) -> Response:
    """Go on to `url` with GET. htmx would follow a 303 inside the form; it is told to navigate.

    Also where it selects a part of a whole page. Only boosted forms follow as browsers do.
    """
    if request.htmx and not request.htmx.boosted:
        response = make_response("", 204)
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))


def init_app(app: Flask) -> None:
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings().address.startswith("https:"):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "static" and request.args.get("v") and response.status_code < 400:
        # Asked for with its mark it never changes: browsers need not ask for it again.
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
    # What speaks of one person must not come back from a shared computer's cache: whoever is
    # signed in, and whoever is about to be (a link's name and address, an address just given).
    if (cookie and request.endpoint != "static") or response.status_code >= 400:
        response.headers["Cache-Control"] = "no-store"
    return response
