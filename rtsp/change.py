"""Does anything move in the picture? Judged on a thumbnail of its luma, for a fraction of a millisecond."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from rtsp.picture import VideoPicture

SIZE_PX = (96, 54)  # a cell is 20 px of a 1080p picture: a distant person covers one or two
_STEP_S = 1.0  # compared with the picture a second ago, so that slow things have moved by a visible amount
_SETTLED_S = 60.0  # and with one from a minute ago, so that what creeps in is noticed as well
_SURE, _SLIGHT = 12.0, 7.0  # grey levels: one cell that changed as much, or two neighbours' worth of the lesser


class Stillness:
    """Compares each thumbnail with earlier ones of the same session."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, npt.NDArray[np.float32]]] = deque(maxlen=4)
        self._settled: tuple[float, npt.NDArray[np.float32]] | None = None
        self.still_since_s = float("inf")  # since when at the latest, where the last picture had not moved
        self._compared: list[npt.NDArray[np.float32]] = []

    def moved(self, time_s: float, picture: VideoPicture) -> bool:
        """Return True when a part of the picture differs from a second ago, or from a minute ago."""
        now = picture.gray(*SIZE_PX).astype(np.float32)
        before = [(self._past[0][1])] if self._past else []
        self.still_since_s = self._past[0][0] if self._past else time_s
        if self._settled is not None:
            before.append(self._settled[1])
        self._compared = before
        moved = any(_differ(now, earlier) for earlier in before)
        if not self._past or time_s - self._past[-1][0] >= _STEP_S / 3:
            self._past.append((time_s, now))
        if self._settled is None or moved or time_s - self._settled[0] >= _SETTLED_S:
            self._settled = (time_s, now)
        return moved

    def had_moved(self, picture: VideoPicture) -> bool:
        """Compare another picture with what the last one was compared with: had it begun by then?"""
        now = picture.gray(*SIZE_PX).astype(np.float32)
        return any(_differ(now, earlier) for earlier in self._compared)


def _differ(now: npt.NDArray[np.float32], earlier: npt.NDArray[np.float32]) -> bool:
    """True when cells changed more than the light as a whole did."""
    change = now - earlier
    change = np.abs(change - np.median(change))
    return bool(change.max() >= _SURE or np.count_nonzero(change >= _SLIGHT) >= 2)
