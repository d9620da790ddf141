"""Where things have stood: so that what was parked before is told from what has just come."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes
from edge.geometry import Areas

ROWS, COLUMNS = 36, 64
REMEMBERS_S: Final = 900.0  # a parked car that nobody detects for longer may be taken for another
CORE: Final = 0.15  # of a box's sides that is left out: neighbours overlap there

Cells: TypeAlias = npt.NDArray[np.float64]  # (rows, columns)


class Grid:
    """One number for each cell of the picture."""

    def __init__(self, value: float) -> None:
        self._cells = np.full((ROWS, COLUMNS), value)

    def within(self, box: Boxes) -> Cells:
        """Return a view of the cells in the core of `box` (4,), one at least; writing into it remembers."""
        inner = CORE * (box[2:] - box[:2])
        x0, y0 = np.clip((box[:2] + inner) * (COLUMNS, ROWS), 0, (COLUMNS - 1, ROWS - 1))
        x1, y1 = (box[2:] - inner) * (COLUMNS, ROWS)
        column, row = int(x0), int(y0)
        return self._cells[row : max(row + 1, int(np.ceil(y1))), column : max(column + 1, int(np.ceil(x1)))]


class StandingPlaces:
    """A coarse grid of the picture that knows when each cell was last taken by something that stood still."""

    def __init__(self) -> None:
        self._taken_s = Grid(-np.inf)

    def taken(self, boxes: Boxes, time_s: float) -> Areas:
        """Return (N,) the share of each of `boxes` (N, 4) where something has stood before."""
        return np.array([np.mean(time_s - self._taken_s.within(box) <= REMEMBERS_S) for box in boxes], np.float64)

    def take(self, boxes: Boxes, time_s: float) -> None:
        """Note that something stands in each of `boxes` (N, 4)."""
        for box in boxes:
            self._taken_s.within(box)[...] = time_s
