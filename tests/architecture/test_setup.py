"""What set-up reads: everything has its reason, and locks name no address."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON_LOCKS = ["requirements.txt", "requirements-test.txt", "requirements-node.txt"]


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    """The name in a requirement, as registries compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=; ]", requirement)[0]).lower()


def locked(lock: str) -> set[str]:
    lines = (ROOT / lock).read_text().splitlines()
    return {name_of(line) for line in lines if line and not line.startswith((" ", "#"))}


def test_every_dependency_says_what_it_is_for():
    wanted = [*project()["project"]["dependencies"]]
    for group in project()["dependency-groups"].values():
        wanted += group
    text = (ROOT / "pyproject.toml").read_text()
    assert [r for r in wanted if not re.search(rf'"{re.escape(r)}",  # \w', text)] == []


def test_every_debian_package_says_what_it_is_for():
    lines = (ROOT / "deploy/debian-packages.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith(("#", "["))]
    assert len(packages) > 10
    assert [line for line in packages if not re.fullmatch(r"[a-z0-9.+-]+  # \S.*", line)] == []


def test_the_locks_hold_every_dependency():
    needed = {name_of(r) for r in project()["project"]["dependencies"]}
    tested = {name_of(r) for r in project()["dependency-groups"]["test"]}
    assert needed <= locked("requirements.txt")
    assert needed | tested <= locked("requirements-test.txt")


@pytest.mark.parametrize("lock", PYTHON_LOCKS)
def test_python_locks_have_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text()
    pinned = re.findall(r"^\S+==\S+.*\\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^\S", text, re.MULTILINE)) > 0
    assert not re.search(r"://|index-url|find-links", text)


def test_the_tests_use_what_the_portal_uses():
    lines = set((ROOT / "requirements-test.txt").read_text().splitlines())
    pins = [x for x in (ROOT / "requirements.txt").read_text().splitlines() if "==" in x]
    assert [pin for pin in pins if pin not in lines] == []


def test_the_npm_lock_has_hashes_and_no_address():
    text = (ROOT / "package-lock.json").read_text()
    packages = {name: p for name, p in json.loads(text)["packages"].items() if name}
    assert "node_modules/htmx.org" in packages
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert "://" not in text


def test_nothing_made_at_set_up_is_kept_in_the_repository():
    made = ["static/built", "static/vendor", "node_modules", "var", ".venv", ".cache", "*.mo"]
    kept = subprocess.run(
        ["git", "ls-files", "--", *made], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert kept.stdout == ""


def test_everything_in_bin_can_be_run():
    programs = [p for p in (ROOT / "bin").iterdir() if p.is_file()]
    assert {"run", "test", "check", "bench", "portal"} <= {p.name for p in programs}
    assert [p.name for p in programs if not p.stat().st_mode & 0o100] == []
