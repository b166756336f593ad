"""Chromium for all browser tests, and the gallery of macros served to it."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Playwright, sync_playwright
from werkzeug.serving import make_server

from portal.infra.web import CSP
from tests.browser.looking import CHROMIUM, FLAGS
from tests.web.gallery import gallery_app


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all tests of a process: a second would not start beside it."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the gallery is served, with the portal's own content security policy."""
    app = gallery_app()

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The portal itself, with the database of the fixture `app`; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
