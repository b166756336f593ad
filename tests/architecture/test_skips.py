"""No test is passed over in silence, and long ones only run when asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = """
import pytest

@pytest.mark.skip(reason={reason!r})
def test_skipped(): pass

@pytest.mark.long
def test_long(): pass

def test_short(): pass
"""


@pytest.fixture
def run(tmp_path):
    def run(*arguments: str, reason: str = "not today") -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_suite.py").write_text(SUITE.format(reason=reason))
        command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-v"]
        command += ["-p", "no:cacheprovider", str(tmp_path), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    return run


def test_a_skipped_test_fails_a_run_without_skips(run):
    done = run("--no-skips")
    assert done.returncode == 1
    assert "SKIPPED, and may not be" in done.stdout
    assert "not today" in done.stdout


def test_missing_reference_material_is_excused(run):
    assert run("--no-skips", reason="../shared is absent").returncode == 0


def test_both_cores_see_the_same(run):
    assert run("--no-skips", "-n", "2", "--dist", "loadgroup").returncode == 1


def test_skips_pass_where_nobody_forbids_them(run):
    assert run().returncode == 0


def test_long_tests_run_alone_and_only_when_asked_for(run):
    short, long = run().stdout, run("--long").stdout
    assert "1 passed, 1 skipped, 1 deselected" in short
    assert "1 passed, 2 deselected" in long
