"""People: who somebody is, how they sign in, what they may do."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def init_app(app: "Flask") -> None:
    """Let the guards ask this slice who is there."""
    # Only now: rules and steps of this slice are read without a web framework.
    from portal.accounts import visitors

    visitors.init_app(app)
