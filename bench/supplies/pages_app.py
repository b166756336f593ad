"""The portal as gunicorn serves it, with the straightforward results page beside our own."""

from bench.peers.pages import bp
from portal.factory import create_app

app = create_app()
app.register_blueprint(bp)
