"""The gallery of macros, for tests of the look."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from markupsafe import Markup

from tests.pages import PageClient
from tests.web.gallery import gallery_app


@pytest.fixture(scope="session")
def gallery() -> Flask:
    app = gallery_app()
    app.test_client_class = PageClient
    return app


@pytest.fixture
def ui(gallery: Flask) -> Iterator[Any]:
    with gallery.test_request_context("/en/"):
        yield gallery.jinja_env.globals["ui"]


@pytest.fixture
def body(gallery: Flask) -> Iterator[Callable[..., str]]:
    """`body(macro, …)`: a macro called with a body, as `{% call %}` does."""

    def with_body(macro: str, *args: object, html: str = "<p>Body</p>") -> str:
        source = "{% call attribute(ui, macro)(*args) %}{{ html }}{% endcall %}"
        template = gallery.jinja_env.from_string(source)
        return template.render(macro=macro, args=args, html=Markup(html), attribute=getattr)

    with gallery.test_request_context("/en/"):
        yield with_body
