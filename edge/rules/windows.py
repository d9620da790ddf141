"""How much of the last seconds something was true: for rules that must not jump at one look."""

from __future__ import annotations

from collections import deque


class ShareOfTime:
    """Measures the share of the last `window_s` seconds of camera time in which a flag was up."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._looks: deque[tuple[float, bool]] = deque()

    def update(self, flag: bool, time_s: float) -> float:
        """Take in one look; return 0..1, and 0 until the window has been watched once in full."""
        self._looks.append((time_s, flag))
        begin_s = time_s - self._window_s
        while len(self._looks) > 1 and self._looks[1][0] <= begin_s:
            self._looks.popleft()  # the one that still covers the window's beginning stays
        if self._looks[0][0] > begin_s + 1e-6:
            return 0.0
        if self._window_s <= 0:
            return float(flag)
        return self._true_s(begin_s, time_s) / self._window_s

    def clear(self) -> None:
        """Begin anew."""
        self._looks.clear()

    def _true_s(self, begin_s: float, time_s: float) -> float:
        true_s = 0.0
        for i, (at_s, flag) in enumerate(self._looks):
            until_s = self._looks[i + 1][0] if i + 1 < len(self._looks) else time_s
            if flag:
                true_s += max(0.0, until_s - max(at_s, begin_s))
        return true_s
