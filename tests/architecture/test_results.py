"""docs/results.md says when, on what and with which commands its figures were taken."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
BENCHES = sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py") if path.stem != "common")


def test_results_have_a_date_a_commit_and_a_machine():
    taken = r"Last taken: \d{1,2} [A-Z][a-z]+ 20\d\d, at commit `[0-9a-f]{7,40}`\."
    assert re.search(taken, RESULTS)
    assert "processor cores" in RESULTS


@pytest.mark.parametrize(
    "command", ["bin/check", "bin/test --no-skips", "bin/test --long", "bin/run"]
)
def test_results_name_the_commands(command):
    assert f"`{command}" in RESULTS


@pytest.mark.parametrize("bench", BENCHES)
def test_results_have_every_bench(bench):
    assert f"### `bin/bench {bench}`" in RESULTS


def test_results_name_what_runs_before_a_change_is_kept():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line.startswith("bin/")]
    assert commands
    assert [command for command in commands if f"`{command}`" not in RESULTS] == []
