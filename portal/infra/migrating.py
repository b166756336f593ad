"""Alembic, told where our migrations are."""

from pathlib import Path

from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    made.attributes["url"] = url
    return made


def upgrade(url: str, revision: str = "head") -> None:
    command.upgrade(config(url), revision)


def check(url: str) -> None:
    """Compare the tables with the models.

    Raises:
        alembic.util.CommandError: a migration is missing.
    """
    command.check(config(url))


def downgrade(url: str, revision: str) -> None:
    command.downgrade(config(url), revision)
