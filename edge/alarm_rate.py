"""How many alarms each camera has raised lately: the figure by which an operator trusts it or not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from edge.rules.base import Finding

WINDOW_S: Final = 24 * 3600.0
MOST_ALARMS: Final = 10_000  # of one camera in the window; more are counted as this many
QUIET: Final = frozenset({"info"})  # calls nobody


class AlarmRate:
    """The alarms of one camera in the last day, by the node's monotonic clock."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._at_s: deque[float] = deque(maxlen=MOST_ALARMS)

    def note(self, findings: Iterable[Finding], now_s: float) -> None:
        """Take in what is told: what starts, and calls somebody, is an alarm."""
        self._at_s.extend(now_s for f in findings if f.phase == "start" and f.severity not in QUIET)

    def count(self, now_s: float) -> int:
        """Return the alarms of the last 24 hours, or since the camera was put to work."""
        while self._at_s and self._at_s[0] < now_s - WINDOW_S:
            self._at_s.popleft()
        return len(self._at_s)

    def per_hour(self, now_s: float) -> float:
        """Return alarms per hour over the same time; the first hour counts as a whole one."""
        hours = min(max(now_s - self._started_s, 3600.0), WINDOW_S) / 3600
        return round(self.count(now_s) / hours, 3)
