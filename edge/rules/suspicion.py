"""What a camera's view looks like, called by its name only once it has lasted: one look proves nothing."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

import numpy as np

from detectors.picture import Gray
from edge.rules.view import Comparison

FEWEST_BLOCKS: Final = 8  # with structure: an empty car park cannot be missed by its edges
BLACK_95, BLACK_MEAN = 45, 32  # grey levels: nothing can be made out
GLARE, GLARE_SHARE = 235, 0.7
SAME_SHAPES: Final = 0.85  # correlation of the large shapes, which an unsharp lens leaves alone; infrared does not
UNSHARP, UNSHARP_BLOCKS = 0.5, 0.85  # of the usual fine detail is left, in so many of the blocks
MOSTLY: Final = 0.7  # of its looks, to be called by one name
FORGIVEN_S: Final = 1.0  # an arm before the lens uncovers it now and then


def look_of(gray: Gray, c: Comparison) -> str | None:
    """Return what a single picture looks like, compared with the usual view."""
    if float(np.percentile(gray, 95)) < BLACK_95 and float(gray.mean()) < BLACK_MEAN:
        return "dark"
    if c.lost >= 0.5 and float(np.mean(gray >= GLARE)) >= GLARE_SHARE:
        return "dark"
    if c.blocks < FEWEST_BLOCKS:
        return None  # too little structure to miss any
    if c.blurred >= UNSHARP_BLOCKS and c.sharpness <= UNSHARP and c.alike >= (SAME_SHAPES if c.lost < 0.5 else 0.97):
        return "defocused"
    if c.lost >= 0.6 and ((c.veiled >= 0.4 and c.fresh <= 0.15) or (c.blurred >= 0.65 and c.sharpness <= 0.45)):
        return "covered"
    return "moved" if c.lost >= 0.75 else None


class Suspicion:
    """Remembers since when something has been wrong, and what it looked like most of the time."""

    def __init__(self) -> None:
        self.since_s: float | None = None
        self._looks: deque[tuple[float, str]] = deque(maxlen=64)
        self._last_s = 0.0

    def update(self, kind: str | None, time_s: float) -> None:
        """Take in one look; a moment in which all looks well is forgiven."""
        if kind is not None:
            self.since_s = time_s if self.since_s is None else self.since_s
            self._looks.append((time_s, kind))
            self._last_s = time_s
        elif self.since_s is not None and time_s - self._last_s > FORGIVEN_S:
            self.clear()

    def clear(self) -> None:
        self.since_s = None
        self._looks.clear()

    def verdict(self, time_s: float, delay_of: Callable[[str], float]) -> str | None:
        """Return what it has looked like most of the time, once that has lasted for as long as such a thing must.

        What keeps changing its look is called by the most frequent one after twice that time.
        """
        if self.since_s is None or self._looks[-1][0] != time_s:
            return None
        delay_s = delay_of(self._looks[-1][1])
        recent = Counter(k for at_s, k in self._looks if at_s > time_s - max(delay_s, FORGIVEN_S))
        kind, looks = recent.most_common(1)[0]
        needed_s = delay_of(kind) * (1 if looks >= MOSTLY * recent.total() else 2)
        return kind if time_s - self.since_s >= needed_s else None
