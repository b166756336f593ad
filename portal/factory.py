"""Put the portal together. The only module that knows every slice."""

from pathlib import Path
from types import ModuleType

from flask import Blueprint, Flask, request
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import accounts
from portal.accounts import routes as accounts_pages
from portal.application import routes as application_pages
from portal.certificates import connection
from portal.certificates import connection_routes as connection_pages
from portal.certificates import paper_routes as paper_pages
from portal.certificates import pki_routes as pki_pages
from portal.certificates import routes as certificates_pages
from portal.demonstration import traces
from portal.guidance import routes as guidance_pages
from portal.infra import clock, db, devmail, errors, frame, health, i18n, logs, sealing, ui, web
from portal.infra.guards import is_for_machines, who_is_there
from portal.infra.receiving import UploadRequest
from portal.infra.settings import settings
from portal.labels import routes as labels_pages
from portal.registry import routes as registry_pages
from portal.staff import routes as staff_pages
from portal.support import routes as support_pages

ROOT = Path(__file__).resolve().parent.parent

PAGES: tuple[ModuleType, ...] = (
    health,
    devmail,
    guidance_pages,
    support_pages,
    registry_pages,
    accounts_pages,
    application_pages,
    labels_pages,
    pki_pages,
    certificates_pages,
    paper_pages,
    connection_pages,
    staff_pages,
)
"""In the order in which their links stand in the header. Each may have `bp` (pages, in three
languages), `public_bp` and `api_bp` (addresses without a language) and `links`."""

csrf = CSRFProtect()


def create_app(**config: object) -> Flask:
    """The whole portal, ready to serve.

    Raises:
        ValueError: production lacks a setting, or its database was a demonstration's.
    """
    settings().prove()
    sealing.current_key()
    traces.refuse_in_production()
    app = Flask("portal", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.config.update(
        SECRET_KEY=settings().secret("secret_key"),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings().address.startswith("https:"),
        # The token lives as long as the session: typing for hours must not lose the form.
        WTF_CSRF_TIME_LIMIT=None,
        # Answers of one form; uploads have routes of their own with a limit of their own.
        MAX_CONTENT_LENGTH=26 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        # Where work begins after sign-in.
        START_PAGES={"applicant": "application.mine", "staff": "staff.show_queue"},
        **config,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Htmx(app)
    app.request_class = UploadRequest
    csrf.init_app(app)
    if proxies := settings().trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    for part in (logs, db, i18n, web, errors, accounts, connection, ui, frame):
        part.init_app(app)
    for module in PAGES:
        _add_pages(app, module)
    for view in app.view_functions.values():
        if is_for_machines(view):
            csrf.exempt(view)
    app.extensions["alarms"] = {
        name: look for module in PAGES for name, look in getattr(module, "ALARMS", {}).items()
    }
    app.context_processor(_shared)
    return app


def _add_pages(app: Flask, module: ModuleType) -> None:
    for name in ("bp", "public_bp", "api_bp"):
        if isinstance(found := getattr(module, name, None), Blueprint):
            prefix = f"/<lang:lang>{found.url_prefix or ''}" if name == "bp" else found.url_prefix
            app.register_blueprint(found, url_prefix=prefix)


def _shared() -> dict[str, object]:
    """What every page gets."""
    who = who_is_there() if request else None
    links = (getattr(module, "links", lambda _who: ()) for module in PAGES)
    return {
        "who": who,
        "nav": [link for of_module in links for link in of_module(who)],
        "demonstration": settings().embedded and not settings().production,
        "today": clock.now(),
    }
