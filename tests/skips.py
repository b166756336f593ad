"""A pytest plugin: which tests run in a run, and that none of them is passed over in silence.

`--long` runs the tests marked `long` and no others; without it they are left out. `--no-skips`
fails the run if a test was skipped, but for those that need reference material kept beside the
repository, which a clone may lack: their reason names `../shared`.
"""

import pytest

ABSENT = "../shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long, only those")
    parser.addoption("--no-skips", action="store_true", help="a skipped test fails the run")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Skips(config.getoption("--no-skips")), "skips")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = bool(config.getoption("--long"))
    left_out = [item for item in items if (item.get_closest_marker("long") is not None) != wanted]
    items[:] = [item for item in items if (item.get_closest_marker("long") is not None) == wanted]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    for item in items:
        if item.get_closest_marker("alone"):
            # One of xdist's workers gets all of them, one after the other.
            item.add_marker(pytest.mark.xdist_group("alone"))


class Skips:
    """The skipped tests of this run, each with its reason."""

    def __init__(self, forbidden: bool) -> None:
        self.forbidden = forbidden
        self.seen: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.unexcused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for test, reason in self.unexcused:
            terminalreporter.write_line(f"SKIPPED, and may not be: {test}: {reason}", red=True)

    @property
    def unexcused(self) -> list[tuple[str, str]]:
        return [(t, why) for t, why in self.seen if self.forbidden and ABSENT not in why]

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            where = report.longrepr
            self.seen.append((report.nodeid, str(where[2] if isinstance(where, tuple) else where)))
