"""Is decoding falling behind? Then the box looks less often and less finely, before it leaves anything out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

LAGGING_S: Final = 0.25  # half of what makes a decoder give up the rest of a group of pictures (`rtsp.feed`)
HOLDS_S: Final = 5.0  # after the last lag: more than a group of pictures of a common camera
LEAST_LOOKS_PER_S: Final = 2.5  # whoever walks across a line is seen on both sides of it (0104)


class Pressure:
    """Shared by the cameras of a pool. Whoever decodes says how far behind it is; all hear for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = float("-inf")

    def note(self, lag_s: float) -> None:
        """Note how far behind the camera a decoder is that is not catching up with a past on purpose."""
        if lag_s > LAGGING_S:
            self._until_s = self._clock() + HOLDS_S

    @property
    def high(self) -> bool:
        """True while somebody falls behind, and a while after."""
        return self._clock() < self._until_s

    def eased(self, looks_per_s: float) -> float:
        """Return how often to look now: half as often as asked for, where that is often enough still."""
        if looks_per_s <= LEAST_LOOKS_PER_S or not self.high:
            return looks_per_s
        return max(looks_per_s / 2, LEAST_LOOKS_PER_S)
