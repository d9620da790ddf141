"""Which detection belongs to which track."""

from __future__ import annotations

import lap
import numpy as np
import numpy.typing as npt

from edge.tracking.motion import Numbers

Indices = npt.NDArray[np.int64]
FORBIDDEN = 1e3


def overlaps(a: Numbers, b: Numbers) -> Numbers:
    """Return (N, M) intersection over union of boxes (N, 4) and (M, 4): centre, width, height."""
    half_a, half_b = a[:, 2:] / 2, b[:, 2:] / 2
    low = np.maximum((a[:, :2] - half_a)[:, None], (b[:, :2] - half_b)[None])
    high = np.minimum((a[:, :2] + half_a)[:, None], (b[:, :2] + half_b)[None])
    sides = np.maximum(high - low, 0.0)
    both = sides[..., 0] * sides[..., 1]
    area_a, area_b = a[:, 2] * a[:, 3], b[:, 2] * b[:, 3]
    return np.asarray(both / np.maximum(area_a[:, None] + area_b - both, 1e-12), np.float64)


def assign(costs: Numbers, limit: float) -> tuple[Indices, Indices]:
    """Return the rows and columns of the cheapest pairing in which no pair costs more than `limit`."""
    if costs.size == 0 or costs.min() > limit:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    _, column_of, _ = lap.lapjv(costs, extend_cost=True, cost_limit=limit)
    rows = np.flatnonzero(column_of >= 0)
    return rows, column_of[rows].astype(np.int64)
