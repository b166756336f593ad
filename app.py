"""What gunicorn serves: `gunicorn app:app`."""

from portal.factory import create_app

app = create_app()
