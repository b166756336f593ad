"""A test client that reads every page it gets as a careful visitor would."""

import re
from collections import Counter
from html.parser import HTMLParser

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class Page(HTMLParser):
    """What a check needs to know of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.h1 = 0
        self.lang = ""
        self.labelled: set[str] = set()
        self.inputs: set[str] = set()
        self.references: set[str] = set()
        self.forms_without_action = 0
        self.posts_without_token = 0
        self._open_post = False
        self.inline: list[str] = []
        self.feed(html)
        self.posts_without_token += self._open_post

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {key: value or "" for key, value in attrs}
        self.ids.update([a["id"]] if "id" in a else [])
        self.h1 += tag == "h1"
        self.lang = a.get("lang", "") if tag == "html" else self.lang
        self._note_form(tag, a)
        self._note_question(tag, a)
        for key in ("aria-describedby", "aria-labelledby"):
            self.references |= set(a.get(key, "").split())
        self.inline += [k for k in a if k == "style" or k.startswith("on")]
        if tag == "style" or (tag == "script" and not a.get("src")):
            self.inline.append(tag)

    def _note_form(self, tag: str, a: dict[str, str]) -> None:
        if tag == "form":
            self.forms_without_action += "action" not in a
            self._open_post = a.get("method", "").lower() == "post"
        if a.get("name") == "csrf_token":
            self._open_post = False

    def _note_question(self, tag: str, a: dict[str, str]) -> None:
        if tag == "label" and a.get("for"):
            self.labelled.add(a["for"])
        asks = tag in {"input", "select", "textarea"} and a.get("type") not in {"hidden", "submit"}
        if asks and not a.get("aria-label"):
            self.inputs.add(a.get("id") or f"<{tag} name={a.get('name')}>")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.posts_without_token += self._open_post
            self._open_post = False


class PageClient(FlaskClient):
    """Every whole page must be sound; `post` fills in the token of the form on the last page."""

    token = ""

    def open(self, *args: object, **kwargs: object) -> TestResponse:
        response = super().open(*args, **kwargs)  # type: ignore[arg-type]
        if response.mimetype == "text/html" and response.text.lstrip().startswith("<!doctype"):
            check(response.text)
        if found := re.search(
            r'name="csrf_token" value="([^"]+)"',
            response.get_data(as_text=True) if response.mimetype == "text/html" else "",
        ):
            self.token = found[1]
        return response

    def post(self, *args: object, **kwargs: object) -> TestResponse:
        form = kwargs.get("data")
        if self.token and (form is None or isinstance(form, dict)):
            kwargs["data"] = {"csrf_token": self.token, **(form or {})}
        return super().post(*args, **kwargs)  # type: ignore[arg-type]


def check(html: str) -> Page:
    """Fail unless the page has one h1, unique ids, labelled inputs and nothing inline."""
    page = Page(html)
    assert page.lang in {"en", "zh-Hant-HK", "zh-Hans"}, page.lang
    assert page.h1 == 1, f"{page.h1} h1"
    assert [i for i, n in page.ids.items() if n > 1] == []
    assert page.inputs <= page.labelled, page.inputs - page.labelled
    assert page.references <= set(page.ids), page.references - set(page.ids)
    assert page.forms_without_action == 0
    assert page.posts_without_token == 0, "a POST form without csrf_token"
    assert page.inline == []
    return page
