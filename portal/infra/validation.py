"""A log of what people get wrong, by field and message, never by what they typed."""

from collections.abc import Iterable

import structlog

from portal.kernel.problems import Problem
from portal.kernel.text import Said

log = structlog.get_logger(__name__)


def log_problems(form: str, problems: Iterable[Problem]) -> None:
    """Note each problem, so that a question many stumble over can be found and mended."""
    for problem in problems:
        message = problem.message
        code = message.msgid if isinstance(message, Said) else message
        log.info("validation", form=form, field=problem.at, code=code)
