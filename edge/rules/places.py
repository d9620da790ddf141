"""Where things have stood: so that what was parked before is told from what has just come."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.detections import Boxes
from edge.geometry import Areas

ROWS, COLUMNS = 36, 64
REMEMBERS_S: Final = 900.0  # a parked car that nobody detects for longer may be taken for another
CORE: Final = 0.15  # of a box's sides that is left out: neighbours overlap there


class StandingPlaces:
    """A coarse grid of the picture that knows when each cell was last taken by something that stood still."""

    def __init__(self) -> None:
        self._taken_s = np.full((ROWS, COLUMNS), -np.inf)

    def taken(self, boxes: Boxes, time_s: float) -> Areas:
        """Return (N,) the share of each of `boxes` (N, 4) where something has stood before."""
        return np.array([np.mean(time_s - self._cells(box) <= REMEMBERS_S) for box in boxes], np.float64)

    def take(self, boxes: Boxes, time_s: float) -> None:
        """Note that something stands in each of `boxes` (N, 4)."""
        for box in boxes:
            self._cells(box)[...] = time_s

    def _cells(self, box: Boxes) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        inner = CORE * (box[2:] - box[:2])
        x0, y0 = (box[:2] + inner) * (COLUMNS, ROWS)
        x1, y1 = (box[2:] - inner) * (COLUMNS, ROWS)
        column, row = min(int(x0), COLUMNS - 1), min(int(y0), ROWS - 1)
        return self._taken_s[row : max(row + 1, int(np.ceil(y1))), column : max(column + 1, int(np.ceil(x1)))]
