"""Where a view always shows something like smoke: kilns, chimneys, a patch of haze, a lamp."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections

Cells: TypeAlias = npt.NDArray[np.float32]  # (ROWS, COLUMNS)

ROWS, COLUMNS = 36, 64  # a cell is 1/64 of the picture: finer than the boxes are exact
MEMORY_S: Final = 3600.0  # a kiln that pauses for half an hour is still known
LEAST_S: Final = 60.0  # of watching, before anything can be called a habit


class Habits:
    """For each part of the picture, the score that the detector usually gives there: 0 nothing, 1 always certain."""

    def __init__(self) -> None:
        self._usual: Cells = np.zeros((ROWS, COLUMNS), np.float32)
        self._watched_s = 0.0
        self._time_s: float | None = None

    @property
    def watched_s(self) -> float:
        """For how long the view has been watched."""
        return self._watched_s

    def usual(self, box: npt.NDArray[np.float32]) -> float:
        """Return the highest usual score inside `box`, 0 until the view has been watched for a while."""
        if self._watched_s < LEAST_S:
            return 0.0
        return float(self._usual[_cells(box)].max())

    def learn(self, seen: Detections, time_s: float) -> None:
        """Take in what the detector says of one look, apart from what is being reported as a fire."""
        step_s = 0.0 if self._time_s is None else max(0.0, time_s - self._time_s)
        self._time_s = time_s
        self._watched_s += step_s
        now = np.zeros((ROWS, COLUMNS), np.float32)
        for box, score in zip(seen.boxes, seen.scores, strict=True):
            part = now[_cells(box)]
            np.maximum(part, score, out=part)
        share = np.float32(max(1 - np.exp(-step_s / MEMORY_S), min(1.0, step_s / max(self._watched_s, LEAST_S))))
        self._usual += share * (now - self._usual)


def _cells(box: npt.NDArray[np.float32]) -> tuple[slice, slice]:
    x0, y0 = int(max(0.0, box[0]) * COLUMNS), int(max(0.0, box[1]) * ROWS)
    x0, y0 = min(x0, COLUMNS - 1), min(y0, ROWS - 1)
    return slice(y0, max(y0 + 1, int(np.ceil(box[3] * ROWS)))), slice(x0, max(x0 + 1, int(np.ceil(box[2] * COLUMNS))))
