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

# The search for an object that was out of sight. It may come back somewhat bigger or smaller, and beside the place
# where it was expected (standard deviations, of its height); however long it was away, it is not looked for far away.
BACK_SIZE, BACK_PLACE, BACK_FARTHEST = 0.3, 0.1, 0.5
PLACE_LIMIT = 9.0  # χ² of place and size together, 3 degrees of freedom, 97 %


def overlaps(a: Numbers, b: Numbers) -> Numbers:
    """Return (N, M) intersection over union of boxes (N, 4) and (M, 4): centre x, y, width, height."""
    distance = np.abs(a[:, None, :2] - b[None, :, :2])
    sides = (a[:, None, 2:] + b[None, :, 2:]) / 2 - distance
    sides = np.minimum(np.maximum(sides, 0.0), np.minimum(a[:, None, 2:], b[None, :, 2:]))
    both = sides[..., 0] * sides[..., 1]
    return np.asarray(both / ((a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - both), np.float64)


def place_costs(states: Numbers, boxes: Numbers, farthest: float = np.inf) -> Numbers:
    """Return (N, M) squared distances between where objects should be by now and `boxes` (M, 4).

    Measured by the doubt of the prediction, which grows while the object is out of sight (Mahalanobis distance), but
    not without end: where a camera moves or vehicles loom, a wide search would find somebody else.
    """
    height = states[:, HEIGHT : BOX.stop]
    doubt = np.minimum(states[:, P_BOX][:, :2], np.square(farthest * height)) + np.square(BACK_PLACE * height)
    away = np.square(boxes[None, :, :2] - states[:, None, :2]) / doubt[:, None]
    grown = np.log(boxes[:, HEIGHT] / height) / BACK_SIZE
    return np.asarray(away.sum(axis=2) + grown * grown, np.float64)


def assign(costs: Numbers, limit: float) -> tuple[Indices, Indices]:
    """Return rows and columns of the cheapest pairing in which no pair costs more than `limit`."""
    if costs.size == 0:
        return NONE, NONE
    _, column_of, _ = lap.lapjv(costs, extend_cost=True, cost_limit=limit)
    rows = (column_of >= 0).nonzero()[0]
    return rows, column_of[rows].astype(np.int64)
