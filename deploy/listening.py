"""What bin/run asks about the port: is it free, and does the portal answer yet."""

import errno
import os
import socket
import sys
import time
import urllib.error
import urllib.request

# Seconds after which a start that is not done yet needs an explanation.
PATIENCE = 60


def free(address: str) -> bool:
    """Whether nobody listens at `address`, HOST:PORT.

    Raises:
        OSError: this machine cannot listen there at all.
    """
    host, _, port = address.rpartition(":")
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, int(port)))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def announce(address: str, home: str) -> str:
    """Wait for the portal; what to tell the person who started it."""
    give_up, parent = time.monotonic() + PATIENCE, os.getppid()
    while time.monotonic() < give_up:
        if os.getppid() != parent:
            return "The portal was stopped before it was ready."
        if _ready(f"http://{address}/readyz"):
            return f"{_where(address, home)} Logs: {home}/log. Stop: Ctrl-C."
        time.sleep(0.2)
    return f"The portal does not answer yet; {home}/log/web.log may say why. Stop: Ctrl-C."


def _where(address: str, home: str) -> str:
    portal = os.environ.get("BASE_URL") or f"http://localhost:{address.rpartition(':')[2]}"
    mails = f"{home}/mail, and {portal}/dev/mail"
    if os.environ.get("SMTP_URL"):
        mails = "sent"
    return (
        f"The portal is ready: {portal}\n"
        f"With a certificate: {_secure()}\n"
        "People to try it as, if demonstration data is in it: bin/portal demo people\n"
        f"Mails: {mails}."
    )


def _secure() -> str:
    given = os.environ.get("SECURE_URL")
    return f"{given or 'https://localhost:' + os.environ['SECURE_PORT']}/en/connection/check"


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["free", address]:
            sys.exit(not free(address))
        case ["announce"]:
            said = announce(os.environ["PORTAL_LISTEN"], os.environ["PORTAL_HOME"])
            sys.stdout.write(said + "\n")
