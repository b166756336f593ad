"""Structured logs on standard error: a JSON object a line, no queries, no identities."""

import logging
import re
import sys
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from structlog.typing import EventDict, WrappedLogger

from portal.infra.settings import settings

# The shape of a Hong Kong identity card number, bracketed or not, full width or not.
IDENTITY = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{1,2}\s?[0-9]{6}\s?[(（]?[0-9Aa][)）]?(?![A-Za-z0-9])"
)


def init_app(app: Flask) -> None:
    configure()
    app.before_request(_begin)
    app.after_request(_end)


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
    return {
        key: IDENTITY.sub("[identity]", value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _begin() -> None:
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=uuid.uuid4().hex[:12])


def _end(response: Response) -> Response:
    # The rule and not the address: what a person searched for or opened stays out of the log.
    rule = request.url_rule.rule if request.url_rule else "(none)"
    spent = (time.perf_counter() - g.get("began", time.perf_counter())) * 1000
    structlog.get_logger("portal.web").info(
        "request", method=request.method, rule=rule, status=response.status_code, ms=round(spent, 1)
    )
    return response
