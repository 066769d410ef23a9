"""Which tests and which files of tests keep the processors at work: what to shorten, however busy the machine was.

A test's time includes its set-up, and the processes that it started and waited for.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

SHOWN = 12
WORTH_SAYING = 60.0  # seconds
NAME = "processor seconds"
used: Counter[str] = Counter()
phases: Counter[str] = Counter()
BEGAN = pytest.StashKey[float]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    item.stash[BEGAN] = _now()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    began, item.stash[BEGAN] = item.stash[BEGAN], _now()
    report.user_properties = [(NAME, item.stash[BEGAN] - began)]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    seconds = dict(report.user_properties).get(NAME, 0.0)
    used[report.nodeid] += seconds
    phases[report.when] += seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it once, where the reports of all workers come together."""
    if sum(used.values()) < WORTH_SAYING:
        return
    files: Counter[str] = Counter()
    for name, seconds in used.items():
        files[name.partition("::")[0]] += seconds
    terminalreporter.section(f"{sum(used.values()):.0f} processor seconds")
    for ranking in (phases, files, used):
        for name, seconds in ranking.most_common(SHOWN):
            terminalreporter.line(f"{seconds:7.1f} s  {name}")
        terminalreporter.line("")


def _now() -> float:
    """Seconds that this process and its ended children were at work."""
    return sum(os.times()[:4])
