"""What many tests share."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# A busy machine is slow, not wrong: what one example takes is no finding.
settings.register_profile("ioc", deadline=None)
settings.load_profile("ioc")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real footage with truth, beside the checkout or where IOC_MEDIA says; absent elsewhere."""
    for place in (os.environ.get("IOC_MEDIA"), ROOT.parent / "shared" / "data"):
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip("the evaluation data is not on this machine (set IOC_MEDIA to its folder)")


WANTS_A_PACKAGE = ("not installed", "cannot be had", "could not import", "No module named")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the skips by reason: what did not run is said."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On CI nothing is skipped for want of a package: that would hide a missing installation step."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("CI"):
        return
    reasons = {_reason(report) for report in reporter.stats.get("skipped", [])}
    wanting = sorted(r for r in reasons if any(words in r for words in WANTS_A_PACKAGE) and "the extra" not in r)
    if wanting:
        reporter.write_line(f"on CI these must not be skipped: {'; '.join(wanting)}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    return str(where[2]).removeprefix("Skipped: ") if isinstance(where, tuple) else str(where)
