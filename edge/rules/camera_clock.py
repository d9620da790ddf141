"""Judge a camera's own clock, which its RTCP reports tell, against the node's."""

from __future__ import annotations

from typing import Any, Final

from edge.rules.vitals import Vitals

RIGHT_AGAIN: Final = 0.5  # of the limit: a clock that is corrected to just within it is not flickering
SURE_S: Final = 10.0  # one report that came late is no wrong clock
JUMPED: Final = 0.5  # of the limit, between two reports: it was set, it does not drift


class CameraClock:
    """Remembers how far one camera's clock was from the node's."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._was_right = False  # at some time: a clock that was never right was never set
        self._before_s: float | None = None
        self._how = "off"
        self._wrong_since_s: float | None = None
        self._is_told = False

    def judge(self, now: Vitals, *, comes_badly: bool = False) -> dict[str, Any] | None:
        """Return by how much and how the clock is wrong, as an event's detail, or None where it is right or silent.

        Where the pictures come badly, reports wait in the same queue: a clock that seems behind is not accused then.
        Nothing that waits can make it seem ahead.
        """
        ahead_s = now.clock_ahead_s
        if ahead_s is None:
            return None
        if comes_badly and ahead_s < 0 and not self._is_told:
            self._wrong_since_s = None
            return None
        self._note_how(ahead_s)
        is_known = self._wrong_since_s is not None
        if abs(ahead_s) < self._limit_s * (RIGHT_AGAIN if is_known else 1.0):
            self._was_right, self._wrong_since_s, self._is_told = True, None, False
            return None
        self._wrong_since_s = now.at_s if self._wrong_since_s is None else self._wrong_since_s
        if now.at_s - self._wrong_since_s < SURE_S:
            return None
        self._is_told = True
        return {"ahead_s": round(ahead_s, 1), "how": self._how}

    def _note_how(self, ahead_s: float) -> None:
        before_s, self._before_s = self._before_s, ahead_s
        if before_s is not None and abs(ahead_s - before_s) >= JUMPED * self._limit_s:
            self._how = "jumped"
        elif self._wrong_since_s is None:
            self._how = "drifted" if self._was_right else "off"
