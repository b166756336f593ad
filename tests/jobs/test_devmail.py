"""/dev/mail: letters of the demonstration in the browser, and none in production."""

from flask import Flask
from flask.testing import FlaskClient

from jobs import running
from portal.infra.settings import settings
from tests.jobs.test_mail import letter, write

__all__ = ["letter"]


def test_the_demonstrations_letters_can_be_read_in_the_browser(
    app: Flask, client: FlaskClient
) -> None:
    assert client.get("/tc/dev/mail").status_code == 200
    mail = write(app, name="陳大文 <script>")
    running.run_waiting(app)
    page = client.get("/dev/mail", follow_redirects=True)
    assert "陳大文 &lt;script&gt;" in page.text
    shown = client.get(f"/sc/dev/mail/{mail.id}")
    assert f'href="{settings().address}/healthz"' in shown.text
    app.test_client_class = FlaskClient  # the letter is not one of our pages
    html = app.test_client().get(f"/en/dev/mail/{mail.id}/html")
    assert "sandbox" in html.headers["Content-Security-Policy"]
    assert client.get("/en/dev/mail/00000000-0000-4000-8000-000000000000").status_code == 404


def test_production_shows_no_letters(app: Flask, client: FlaskClient) -> None:
    mail = write(app)
    running.run_waiting(app)
    settings().production = True
    for path in (
        "/dev/mail",
        "/en/dev/mail",
        f"/en/dev/mail/{mail.id}",
        f"/en/dev/mail/{mail.id}/html",
    ):
        assert client.get(path).status_code == 404
