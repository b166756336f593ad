"""The design system's own macros, drawn, and HTML compared without regard to white space."""

import re
from functools import cache
from xml.etree.ElementTree import Element

import html5lib
from jinja2 import ChainableUndefined, Environment, PackageLoader

Tree = tuple[str, tuple[tuple[str, str], ...], tuple[object, ...]]

# Folder of each component whose macro is not named after it.
FOLDERS = {"table": "tables"}


@cache
def environment() -> Environment:
    # The kit reads parameters nobody gave.
    return Environment(
        loader=PackageLoader("nhsuk_frontend_jinja", "templates"),
        undefined=ChainableUndefined,
        autoescape=True,
    )


def kit(component: str, **params: object) -> str:
    """What the kit draws for `component` ("date-input") with these parameters."""
    folder = FOLDERS.get(component, component)
    macro = re.sub(r"-(\w)", lambda match: match[1].upper(), component)
    template = environment().get_template(f"nhsuk/components/{folder}/macro.jinja")
    return str(getattr(template.module, macro)(params))


def tree(html: str) -> list[object]:
    """The elements and words of a fragment, for comparing."""
    parsed = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return _content(parsed)


def _content(element: Element) -> list[object]:
    parts: list[object] = [_words(element.text)]
    for child in element:
        parts += [_node(child), _words(child.tail)]
    return [part for part in parts if part != ""]


def _node(element: Element) -> Tree:
    attributes = tuple(sorted((k, " ".join(v.split())) for k, v in element.attrib.items()))
    return (str(element.tag), attributes, tuple(_content(element)))


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def same(ours: str, kits: str) -> None:
    """Fail unless both are the same HTML."""
    assert tree(str(ours)) == tree(kits)


def label(text: str = "Question", **more: object) -> dict[str, object]:
    """A label of the size our questions have."""
    return {"text": text, "size": "s", **more}
