"""Long texts written in Markdown: a title, a lead, sections with permanent anchors, as safe HTML.

Headings carry their anchor, `## What it costs {#fee}`, so that it is the same in every language.
Two addresses of links are our own: `[text](to:guidance.home#fee)` leads to a page of the portal
by its endpoint, `[醫健通](lang:zh-Hant-HK)` is no link but a passage in another language.
HTML in the text is shown as it stands, never let through.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

HEADING = re.compile(r"^(#{2,3}) (.+?) \{#([a-z0-9-]+)\}$", re.MULTILINE)
OWN_PAGE = re.compile(r'href="to:([^"#]+)(#[^"]*)?"')
PASSAGE = "lang:"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; `parts` are the sections one level deeper."""

    anchor: str
    title: str
    body: Markup
    parts: tuple["Section", ...] = ()


@dataclass(frozen=True, slots=True)
class Prose:
    """A text: `lead` is what stands between the title and the first section."""

    title: str
    lead: Markup
    sections: tuple[Section, ...]

    def section(self, anchor: str) -> Section:
        """Raises: KeyError: there is no such section."""
        return {s.anchor: s for s in self.sections}[anchor]

    def every_section(self) -> Iterator[Section]:
        """Sections and their parts in the order of the text."""
        for section in self.sections:
            yield section
            yield from section.parts


@cache
def read(path: Path) -> Prose:
    """The text in the file `path`; read once per process."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Prose:
    """Raises: ValueError: no title, or a heading without an anchor or out of order."""
    if not text.startswith("# "):
        raise ValueError("a text begins with its title: # …")
    title, _, rest = text.removeprefix("# ").partition("\n")
    lead, *pieces = HEADING.split(rest)
    sections: list[Section] = []
    for marks, name, anchor, body in zip(*(iter(pieces),) * 4, strict=True):
        section = Section(anchor, name, _html(body))
        if marks == "##":
            sections.append(section)
            continue
        if not sections:
            raise ValueError(f"{anchor}: ### before the first ##")
        above = sections[-1]
        sections[-1] = Section(above.anchor, above.title, above.body, (*above.parts, section))
    return Prose(title.strip(), _html(lead), tuple(sections))


def linked(body: Markup, address: Callable[[str], str]) -> Markup:
    """`body` with `to:` links made real: `address` turns an endpoint into an address."""

    def real(found: re.Match[str]) -> str:
        return f'href="{escape(address(found[1]))}{found[2] or ""}"'

    return Markup(OWN_PAGE.sub(real, body))


def _html(text: str) -> Markup:
    markdown = MarkdownIt("commonmark", {"html": False, "typographer": False})
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type == "heading_open":
            raise ValueError(f"a heading needs an anchor: {text.strip()[:60]}")
        _mark_passages(token.children or [])
    return Markup(markdown.renderer.render(tokens, markdown.options, {}).strip())


def _mark_passages(tokens: list[Token]) -> None:
    """Turn links to `lang:…` into spans with that language. Links do not nest in Markdown."""
    passage = False
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href"))
            passage = href.startswith(PASSAGE)
            if passage:
                token.tag, token.attrs = "span", {"lang": href.removeprefix(PASSAGE)}
        elif token.type == "link_close" and passage:
            token.tag = "span"
