"""Which detection belongs to which track: what a pair costs, and the cheapest pairing."""

from __future__ import annotations

from typing import TypeAlias

import lap
import numpy as np
import numpy.typing as npt

from edge.tracking.motion import BOX, HEIGHT, P_BOX, Numbers

Indices: TypeAlias = npt.NDArray[np.int64]
NONE: Indices = np.zeros(0, np.int64)
FORBIDDEN = 1e6

# Of the search for an object that was out of sight: it may come back this much bigger or smaller, and beside the
# place where it was expected, both as standard deviations; and this far from both together (χ², 3 degrees, 97 %).
BACK_SIZE, BACK_PLACE, BACK_LIMIT = 0.3, 0.1, 9.0


def overlaps(a: Numbers, b: Numbers) -> Numbers:
    """Return (N, M) intersection over union of boxes (N, 4) and (M, 4): centre x, y, width, height."""
    distance = np.abs(a[:, None, :2] - b[None, :, :2])
    sides = (a[:, None, 2:] + b[None, :, 2:]) / 2 - distance
    sides = np.minimum(np.maximum(sides, 0.0), np.minimum(a[:, None, 2:], b[None, :, 2:]))
    both = sides[..., 0] * sides[..., 1]
    return np.asarray(both / ((a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - both), np.float64)


def return_costs(states: Numbers, boxes: Numbers) -> Numbers:
    """Return (N, M) squared distances between where lost objects should be by now and `boxes` (M, 4).

    Measured by the doubt of the prediction, which grows while the object is out of sight (Mahalanobis distance).
    """
    height = states[:, HEIGHT : BOX.stop]
    doubt = states[:, P_BOX][:, :2] + np.square(BACK_PLACE * height)
    away = np.square(boxes[None, :, :2] - states[:, None, :2]) / doubt[:, None]
    grown = np.log(boxes[:, HEIGHT] / height) / BACK_SIZE
    return np.asarray(away.sum(axis=2) + grown * grown, np.float64)


def assign(costs: Numbers, limit: float) -> tuple[Indices, Indices]:
    """Return rows and columns of the cheapest pairing in which no pair costs more than `limit`."""
    if costs.size == 0:
        return NONE, NONE
    _, column_of, _ = lap.lapjv(costs, extend_cost=True, cost_limit=limit)
    rows = np.flatnonzero(column_of >= 0)
    return rows, column_of[rows].astype(np.int64)
