"""Pages about accounts, below /account."""

from flask import url_for

from portal.accounts.routes import arriving, joining, kept, own, passphrases, second_step
from portal.accounts.routes.blueprint import bp
from portal.infra.guards import Who
from portal.kernel.text import N_

__all__ = ["arriving", "bp", "joining", "kept", "links", "own", "passphrases", "second_step"]


def links(who: Who | None) -> list[tuple[str, str]]:
    """What the header offers; signing out is a button beside it."""
    if who is None:
        return [(N_("Sign in"), url_for("accounts.sign_in"))]
    return [(N_("Your account"), url_for("accounts.account"))]
