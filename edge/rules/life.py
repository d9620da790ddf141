"""Know how much a living picture changes between two looks, and when it does not change at all."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.picture import Gray
from edge.rules.windows import ShareOfTime

STILL: Final = 0.1  # of the usual change between two looks: less is no living picture
LIVELY: Final = 0.15  # grey levels of usual change from which `STILL` means something
MOST_OF_THE_TIME: Final = 0.7  # a frozen picture still twitches a little at each key frame
NORMAL_LOOK: Final = 3.0  # grey levels: a passing car says nothing about the sensor


class Life:
    """Follows one camera's pictures from look to look."""

    def __init__(self, for_s: float) -> None:
        self._usual: float | None = None
        self._still = ShareOfTime(for_s)

    def is_frozen(self, before: Gray, now: Gray, time_s: float) -> bool:
        """Take in one look; return whether nothing has changed for most of the time that it may not."""
        known = self._usual is not None and self._usual >= LIVELY
        still = known and change(before, now) <= STILL * (self._usual or 0.0)
        return self._still.update(still, time_s) >= MOST_OF_THE_TIME

    def learn(self, before: Gray, now: Gray) -> None:
        step = min(change(before, now), NORMAL_LOOK)
        self._usual = step if self._usual is None else self._usual + 0.05 * (step - self._usual)


def change(before: Gray, now: Gray) -> float:
    """Return the mean absolute difference in grey levels."""
    return float(np.abs(now.astype(np.int16) - before).mean())
