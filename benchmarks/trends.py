"""Whether something grows: a slope that neither a start-up nor single outliers bend, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import theilslopes

HOUR_S: Final = 3600.0
MOST_POINTS: Final = 600  # the estimator looks at every pair of points
LEAST_POINTS: Final = 3

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth in units per hour, and the interval that holds it with 95 % confidence."""

    per_h: float
    low_per_h: float
    high_per_h: float


def theil_sen(times_s: Sequence[float], values: Sequence[float], *, after_s: float = 0.0) -> Slope | None:
    """Return the median slope over all pairs of points from `after_s` on; None for fewer than three points.

    Theil 1950, with Sen's confidence interval of 1968: up to 29 % of the points may be anything at all. Long series
    are thinned to block medians first. NaN values are left out. ValueError: times and values differ in number.
    """
    times, found = np.asarray(times_s, np.float64), np.asarray(values, np.float64)
    if times.shape != found.shape:
        raise ValueError(f"there are {len(times)} times and {len(found)} values")
    keep = (times >= after_s) & np.isfinite(found)
    times, found = _thinned(times[keep], found[keep])
    if len(times) < LEAST_POINTS or times[0] == times[-1]:
        return None
    slope, _, low, high = theilslopes(found, times)
    return Slope(float(slope) * HOUR_S, float(low) * HOUR_S, float(high) * HOUR_S)


def grown(times_s: Sequence[float], values: Sequence[float], *, after_s: float = 0.0) -> float | None:
    """Return how much the median of the last quarter of time lies above that of the first; None without values."""
    times, found = np.asarray(times_s, np.float64), np.asarray(values, np.float64)
    keep = (times >= after_s) & np.isfinite(found)
    times, found = times[keep], found[keep]
    if not len(times):
        return None
    quarter = (times[-1] - times[0]) / 4
    first, last = found[times <= times[0] + quarter], found[times >= times[-1] - quarter]
    return float(np.median(last) - np.median(first))


def _thinned(times: Values, values: Values) -> tuple[Values, Values]:
    if len(times) <= MOST_POINTS:
        return times, values
    blocks = np.array_split(np.arange(len(times)), MOST_POINTS)
    return np.array([np.median(times[b]) for b in blocks]), np.array([np.median(values[b]) for b in blocks])
