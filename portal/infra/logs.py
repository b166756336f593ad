"""Structured logs on standard error: a JSON object a line, no queries, no identities."""

import logging
import re
import sys
import time
import unicodedata
import uuid
from typing import Any
from urllib.parse import unquote

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, WrappedLogger

from portal.infra.settings import settings

GAP = r"[\s+\-\u2010-\u2015\u2212]{0,3}"
# The shape of a Hong Kong identity card number, bracketed or not, in one piece or in several.
IDENTITY = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]{{1,2}}{GAP}(?:[0-9]{GAP}){{6}}[(\[]?{GAP}[0-9Aa]{GAP}[)\]]?"
    r"(?![A-Za-z0-9])"
)
# A ticket's or file's own number may have that shape inside; it stays whole.
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def init_app(app: Flask) -> None:
    configure()
    app.before_request(_begin)
    app.after_request(_end)
    app.log_exception = _fault  # type: ignore[method-assign,assignment]


def configure() -> None:
    """Send our own and the libraries' logs through one chain of processors."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_identities,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                without_identities,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if not getattr(h, "portal", False)]
    lines.portal = True  # type: ignore[attr-defined]
    root.addHandler(lines)
    root.setLevel(settings().log_level)
    for noisy in ("fontTools", "weasyprint", "PIL", "werkzeug", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def without_identities(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """The event with everything that looks like an identity card number struck out."""
    # Structlog's own entries, which no line shows, begin with an underline.
    return {key: value if key.startswith("_") else struck(value) for key, value in event.items()}


def struck(value: Any) -> Any:
    """`value` without identity card numbers; what is not a number or a word becomes its words."""
    match value:
        case None | bool() | int() | float():
            return value
        case dict():
            return {key: struck(each) for key, each in value.items()}
        case list() | tuple():
            return [struck(each) for each in value]
        case _:
            return _struck(str(value))


def _struck(text: str) -> str:
    """Looked for in a copy in which nothing is full width, nor written as in an address."""
    plain = unicodedata.normalize("NFKC", unquote(text))
    found = [m.span() for m in IDENTITY.finditer(plain)]
    own = [m.span() for m in UUID.finditer(plain)]
    inside = [(a, b) for a, b in found if not any(c <= a and b <= d for c, d in own)]
    for begin, end in reversed(inside):
        plain = f"{plain[:begin]}[identity]{plain[end:]}"
    return plain if inside else text


def _fault(error: Any) -> None:
    """What no page of ours could answer. Flask would log the address, tokens and all."""
    structlog.get_logger("portal.web").error("unanswered", rule=_rule(), exc_info=error)


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=uuid.uuid4().hex[:12])


def _end(response: Response) -> Response:
    spent = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
    structlog.get_logger("portal.web").info(
        "request",
        method=request.method,
        rule=_rule(),
        status=response.status_code,
        ms=round(spent, 1),
    )
    return response


def _rule() -> str:
    """The rule and not the address: what a person searched for or opened stays out of the log."""
    return request.url_rule.rule if request.url_rule else "(none)"
