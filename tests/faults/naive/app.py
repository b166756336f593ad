"""Found by gunicorn in place of the portal's own app.py, where `--pythonpath` names this folder."""

from tests.faults.straightforward import web_app

app = web_app()
