"""Judge how evenly a camera's pictures come: a rate that collapses, stutter, damage on the way, and lost connections.

Everything is measured against what this camera usually does, so that one picture a second is no stutter for a camera
that never sent more. A camera that halves its rate at night, to expose longer, is well.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from edge.rules.vitals import Vitals
from edge.rules.windows import ShareOfTime

WINDOW_S: Final = 15.0  # over which rate and damage are measured
LEARNS_S: Final = 30.0  # before that nobody knows the usual rate
MEMORY_S: Final = 600.0  # the usual rate follows at this pace
COLLAPSED, RECOVERED = 0.4, 0.6  # of the usual rate; half of it is a night exposure
DAMAGED, UNDAMAGED = 0.03, 0.01  # of what was decoded: one lost packet smears all pictures up to the next key frame
FEWEST_DAMAGED: Final = 4
STALL_S: Final = 1.0  # and at least the time of three usual pictures
STUTTERS, STEADY = 0.15, 0.05  # of the last half minute spent in stalls
STUTTER_S: Final = 30.0
RECONNECTS, RECONNECT_S = 3, 120.0


class Delivery:
    """Remembers the last seconds of one camera's connection, and its usual rate."""

    def __init__(self) -> None:
        self._window: deque[Vitals] = deque()
        self._begins: deque[float] = deque(maxlen=RECONNECTS + 1)  # when the last connections began
        self._stalls = ShareOfTime(STUTTER_S)
        self._usual_fps: float | None = None
        self._learned_s = 0.0
        self._is_bad = False

    def judge(self, now: Vitals) -> dict[str, Any] | None:
        """Return how badly the pictures come just now, as an event's detail, or None where they come well."""
        before = self._window[-1] if self._window else None
        self._note_connection(now, before)
        self._window.append(now)
        while len(self._window) > 2 and self._window[1].at_s <= now.at_s - WINDOW_S:
            self._window.popleft()
        fps, damage = self._rates()
        troubles = {**self._slow(fps), **self._broken(damage), **self._stuttering(now), **self._falling(now)}
        self._is_bad = bool(troubles)
        if not troubles and before is not None:
            self._learn(fps, now.at_s - before.at_s)
        return troubles or None

    def _note_connection(self, now: Vitals, before: Vitals | None) -> None:
        if before is None or now.sessions != before.sessions:
            self._begins.append(now.at_s)
            self._window.clear()  # while it was away nothing came: that is told as such, not as a low rate

    def _rates(self) -> tuple[float, float]:
        """Return pictures per second and the share that was damaged, over the window; 0 until it is filled."""
        first, last = self._window[0], self._window[-1]
        seconds, packets = last.at_s - first.at_s, last.received - first.received
        if seconds < 0.8 * WINDOW_S:
            return 0.0, 0.0
        damaged = last.damaged - first.damaged
        tried = damaged + last.decoded - first.decoded  # who looks at key frames alone has tried no others
        return packets / seconds, damaged / tried if damaged >= FEWEST_DAMAGED else 0.0

    def _slow(self, fps: float) -> dict[str, Any]:
        usual = self._usual_fps
        if usual is None or self._learned_s < LEARNS_S or fps <= 0:
            return {}
        limit = RECOVERED if self._is_bad else COLLAPSED
        return {"fps": round(fps, 1), "usual_fps": round(usual, 1)} if fps < limit * usual else {}

    def _broken(self, damage: float) -> dict[str, Any]:
        return {"damaged": round(damage, 3)} if damage >= (UNDAMAGED if self._is_bad else DAMAGED) else {}

    def _stuttering(self, now: Vitals) -> dict[str, Any]:
        patience_s = max(STALL_S, 3 / self._usual_fps) if self._usual_fps else float("inf")
        stalls = now.connected and now.silent_s is not None and now.silent_s >= patience_s
        share = self._stalls.update(stalls, now.at_s)
        return {"stalled": round(share, 2)} if share >= (STEADY if self._is_bad else STUTTERS) else {}

    def _falling(self, now: Vitals) -> dict[str, Any]:
        often = len(self._begins) > RECONNECTS and now.at_s - self._begins[0] <= RECONNECT_S
        return {"reconnects": RECONNECTS} if often else {}

    def _learn(self, fps: float, step_s: float) -> None:
        if fps <= 0:
            return
        self._learned_s += step_s
        share = min(1.0, step_s / min(MEMORY_S, self._learned_s))
        self._usual_fps = fps if self._usual_fps is None else self._usual_fps + share * (fps - self._usual_fps)
