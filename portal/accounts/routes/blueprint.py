"""What the pages about accounts add themselves to."""

from flask import Blueprint

bp = Blueprint("accounts", "portal.accounts.routes", url_prefix="/account")
