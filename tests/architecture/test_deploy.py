"""The samples under deploy/ are sound for the programs that read them."""

import re
import runpy
import shutil
import ssl
import subprocess
import time
from configparser import ConfigParser
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gunicorn.config import Config

from deploy.securing import prepare
from portal.certificates.edge_commands import SECRET
from tests.services import free_port

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
OPENSSL = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=portal -keyout {} -out {}"


@pytest.fixture
def nginx(tmp_path):
    """The sample as nginx reads it, with ports and folders of this test's own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(OPENSSL.format(key, certificate).split(), check=True, capture_output=True)
    site = (ROOT / "deploy/nginx/portal.conf").read_text()
    site = site.replace("/etc/ehealth-portal/tls", str(tmp_path))
    site = site.replace("/var/log/nginx", str(tmp_path))
    site = re.sub(r"listen \[::\]:.*", "", site).replace(":8000;", f":{free_port()};")
    ports = {"80": free_port(), "443": free_port()}
    # nginx binds its ports even to look at its configuration.
    site = re.sub(r"listen (80|443)", lambda m: f"listen 127.0.0.1:{ports[m[1]]}", site)
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/start.log crit;"
        f" events {{}} http {{ {site} }}"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    return [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], ports


def test_nginx_takes_its_configuration(nginx):
    command, _ports = nginx
    looked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert looked.returncode == 0, looked.stderr


@pytest.fixture
def secure_nginx(tmp_path):
    """The secure connection as bin/run prepares it, and where it listens."""
    listen = f"127.0.0.1:{free_port()}"
    upstream = f"127.0.0.1:{free_port()}"
    prepare(tmp_path, listen=listen, upstream=upstream, log=tmp_path / "access.log")
    shutil.copy(tmp_path / "server.pem", tmp_path / "chain.pem")
    (tmp_path / "edge-secret.conf").write_text(SECRET.format("secret"))
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    return [program, "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], listen


def test_nginx_takes_the_configuration_of_the_secure_connection(secure_nginx):
    command, _listen = secure_nginx
    looked = subprocess.run([*command, "-t"], capture_output=True, text=True)
    assert looked.returncode == 0, looked.stderr
    assert "warn" not in looked.stderr


def test_every_place_that_passes_requests_on_overwrites_what_clients_claim():
    """Headers set in a location replace those of the server: one that sets any sets all."""
    text = (ROOT / "deploy/nginx/connection.conf").read_text()
    overwritten = ("edge-secret.conf", "X-Client-Verify", "X-Client-Cert")
    for location in re.findall(r"location [^{]+\{([^}]*)\}", text):
        if "proxy_set_header" in location:
            assert all(name in location for name in overwritten)
    assert "ssl_crl" not in re.sub(r"#.*", "", text)


def test_nginx_writes_down_no_address_token_search_or_referer(nginx, tmp_path):
    command, ports = nginx
    said = {"Referer": "https://portal.example.hk/SECRET-REFERER", "User-Agent": "SECRET-AGENT"}
    with running(command):
        for address in (f"http://127.0.0.1:{ports['80']}", f"https://127.0.0.1:{ports['443']}"):
            answer = asked(f"{address}/en/account/link/SECRET-TOKEN?q=SECRET-SEARCH", said)
            assert answer in {301, 502}
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert logs["portal.log"].count("\n") == 2
    assert "GET 502" in logs["portal.log"]
    assert not re.search(r"SECRET|127\.0\.0\.1", "".join(logs.values()))


def test_the_secure_connection_writes_down_no_more_than_that(secure_nginx, tmp_path):
    command, listen = secure_nginx
    said = {"Referer": "https://portal.example.hk/SECRET-REFERER", "User-Agent": "SECRET-AGENT"}
    with running([*command, "-g", "daemon off;"]):
        path = "/en/account/link/SECRET-TOKEN?q=SECRET-SEARCH"
        assert asked(f"https://{listen}{path}", said) == 502
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert set(logs) == {"access.log", "access-error.log"}
    assert "GET 502" in logs["access.log"]
    assert not re.search(r"SECRET|127\.0\.0\.1", "".join(logs.values()))


@contextmanager
def running(command):
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def asked(address, headers):
    """The status of an answer, not followed; waits for the server to listen."""
    trusting = ssl._create_unverified_context()
    parts = urlsplit(address)
    for _ in range(100):
        client = (
            HTTPSConnection(parts.netloc, context=trusting)
            if parts.scheme == "https"
            else HTTPConnection(parts.netloc)
        )
        with closing(client):
            try:
                client.request("GET", f"{parts.path}?{parts.query}", headers=headers)
                return client.getresponse().status
            except ConnectionRefusedError:
                time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")


def test_gunicorn_does_not_name_the_address_of_a_request_that_failed(capfd):
    chosen = runpy.run_path(str(ROOT / "deploy/gunicorn.conf.py"))["logger_class"]
    log = chosen(Config())
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        log.exception("Error handling request %s", "/en/account/link/SECRET")
    said = capfd.readouterr().err
    assert "Error handling request" in said
    assert "ZeroDivisionError" in said
    assert "SECRET" not in said


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_units_start_what_there_is_and_signal_it_alone(path):
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str
    unit.read(path)
    program, *arguments = unit["Service"]["ExecStart"].removeprefix("/srv/ehealth-portal/").split()
    assert (ROOT / program).exists()
    assert unit["Service"]["KillMode"] == "mixed"
    for argument in arguments:
        if argument.startswith("jobs."):
            assert (ROOT / argument.replace(".", "/")).with_suffix(".py").exists()


def test_every_process_of_the_embedded_default_has_its_unit():
    text = (ROOT / "deploy/supervisord.conf").read_text()
    programs = set(re.findall(r"^\[program:(\w+)\]", text, re.MULTILINE)) - {"redis", "nginx"}
    assert {p.name.removeprefix("portal-").split(".")[0].rstrip("@") for p in UNITS} == programs
