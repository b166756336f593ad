"""The samples under deploy/ are sound for the programs that read them."""

import re
import runpy
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from gunicorn.config import Config

from tests.services import free_port

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
OPENSSL = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=portal -keyout {} -out {}"


def test_nginx_takes_its_configuration(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(OPENSSL.format(key, certificate).split(), check=True, capture_output=True)
    site = (ROOT / "deploy/nginx/portal.conf").read_text()
    site = site.replace("/etc/ehealth-portal/tls", str(tmp_path))
    # Ports of this test's own: nginx binds them even to look at its configuration.
    site = re.sub(r"listen (\[::\]:)?(80|443)", lambda m: f"listen {free_port()}", site)
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {site} }}"
    )
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    looked = subprocess.run(
        [nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True
    )
    assert looked.returncode == 0, looked.stderr


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
    programs = set(re.findall(r"^\[program:(\w+)\]", text, re.MULTILINE)) - {"redis"}
    assert {p.name.removeprefix("portal-").split(".")[0].rstrip("@") for p in UNITS} == programs
