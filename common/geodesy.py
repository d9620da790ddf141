"""Places on the ground in metres and degrees, and how uncertain they are. Pure; good to a metre within 50 km."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

EARTH_M: Final = 6371008.8  # mean radius
SIGMAS_95: Final = 2.4477  # half axes that hold 95 % of a normal distribution on a plane: sqrt(-2 ln 0.05)

Metres = npt.NDArray[np.float64]  # (..., 2) east, north


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A place and the area around it that holds the truth with 95 %.

    major_m, minor_m: half axes.   azimuth_deg: where the longer one points, 0..180 clockwise from north.
    """

    lat: float
    lon: float
    major_m: float
    minor_m: float
    azimuth_deg: float

    def holds(self, lat: float, lon: float) -> bool:
        """Return whether a place lies within."""
        return self.depth(lat, lon) <= 1.0

    def depth(self, lat: float, lon: float) -> float:
        """Return 0 at the middle, 1 on the border, 2 at twice the half axes, …"""
        east, north = metres_between(self.lat, self.lon, lat, lon)
        turn = math.radians(self.azimuth_deg)
        along = east * math.sin(turn) + north * math.cos(turn)
        across = east * math.cos(turn) - north * math.sin(turn)
        return math.hypot(along / max(self.major_m, 1e-6), across / max(self.minor_m, 1e-6))


def metres_between(lat: float, lon: float, to_lat: float, to_lon: float) -> tuple[float, float]:
    """Return (east, north) of the second place, seen from the first."""
    north = math.radians(to_lat - lat) * EARTH_M
    return math.radians(to_lon - lon) * EARTH_M * math.cos(math.radians((lat + to_lat) / 2)), north


def place_at(lat: float, lon: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Return (lat, lon) of what lies so far east and north."""
    to_lat = lat + math.degrees(north_m / EARTH_M)
    return to_lat, lon + math.degrees(east_m / (EARTH_M * math.cos(math.radians((lat + to_lat) / 2))))


def ellipse_around(lat: float, lon: float, middle: Metres, covariance: Metres, sigmas: float = SIGMAS_95) -> Ellipse:
    """Return the ellipse at `middle` ((2,) east, north of `lat`, `lon`) whose half axes are so many deviations long."""
    variances, axes = np.linalg.eigh(covariance)  # ascending
    minor, major = (sigmas * math.sqrt(max(0.0, float(variance))) for variance in variances)
    east, north = axes[:, 1]
    turn = math.degrees(math.atan2(east, north)) % 180.0
    return Ellipse(*place_at(lat, lon, float(middle[0]), float(middle[1])), major, minor, turn)


def ellipse_of(lat: float, lon: float, places: Metres, weights: Metres, share: float) -> Ellipse:
    """Return the ellipse that holds `share` of (N, 2) places east, north of `lat`, `lon`; (N,) weights add to 1."""
    middle = weights @ places
    off = places - middle
    covariance = (off * weights[:, None]).T @ off + np.eye(2)
    spread = np.sqrt(np.einsum("ni,ij,nj->n", off, np.linalg.inv(covariance), off))
    return ellipse_around(lat, lon, middle, covariance, quantile(spread, weights, share))


def quantile(values: Metres, weights: Metres, share: float) -> float:
    """Return the value below which `share` of the weights lies."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weights[order]), share).clip(0, len(order) - 1)])
