"""What may be said in a log about an error: its kind and its place, never its text."""

import traceback
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

ROOT = Path(__file__).resolve().parents[2]


def place_of(error: BaseException) -> str:
    """Kind and place of an error in our own code.

    Never its text and no values: a database's complaint quotes what people wrote.
    """
    kind = type(error).__name__
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(ROOT) and "site-packages" not in file.parts:
            return f"{kind} at {file.relative_to(ROOT)}:{frame.lineno} in {frame.name}"
    return kind


def of_database(error: BaseException) -> bool:
    """Whether a database's complaint is told with this error, as itself or as its cause."""
    return any(isinstance(each, SQLAlchemyError) for each in _told_with(error))


def _told_with(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
