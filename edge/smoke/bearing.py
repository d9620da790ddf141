"""Where a camera sees something: azimuth and elevation of a box, with its error, and where two bearings cross. Pure.

The lens is taken as a pinhole of known horizontal field of view; the ground between two cameras as flat, which is wrong
by less than a metre within 20 km once azimuths are true ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.geometry import Points

EARTH_M: Final = 6371008.8  # mean radius
POSE_ERROR_DEG: Final = 1.0  # of a camera that was aimed with a compass; calibration against landmarks gives 0.2
SOURCE_SHARE: Final = 0.25  # of the box's width, one standard deviation: where in it the fire stands, the wind decides


@dataclass(frozen=True, slots=True)
class Pose:
    """How a camera stands. azimuth: of the middle of the picture, clockwise from north.   tilt: above the horizon.

    aspect: width ÷ height of the picture.
    """

    lat: float
    lon: float
    azimuth_deg: float
    tilt_deg: float
    hfov_deg: float
    aspect: float = 16 / 9
    error_deg: float = POSE_ERROR_DEG

    def __post_init__(self) -> None:
        if not 0 < self.hfov_deg < 180:
            raise ValueError(f"a pinhole's field of view lies between 0 and 180 degrees, got {self.hfov_deg}")


@dataclass(frozen=True, slots=True)
class Bearing:
    """azimuth: 0..360 clockwise from north.   error: one standard deviation of the azimuth."""

    azimuth_deg: float
    elevation_deg: float
    error_deg: float


@dataclass(frozen=True, slots=True)
class Fix:
    """A position with its error ellipse: standard deviations along its axes, and where the longer one points."""

    lat: float
    lon: float
    major_m: float
    minor_m: float
    major_azimuth_deg: float


def bearing_of_point(pose: Pose, x: float, y: float) -> tuple[float, float]:
    """Return (azimuth, elevation) in degrees of the point `x`, `y` (0..1, y down) of the picture."""
    forward = 0.5 / math.tan(math.radians(pose.hfov_deg) / 2)
    right, up = x - 0.5, (0.5 - y) / pose.aspect
    tilt = math.radians(pose.tilt_deg)
    ahead = forward * math.cos(tilt) - up * math.sin(tilt)
    above = forward * math.sin(tilt) + up * math.cos(tilt)
    azimuth = pose.azimuth_deg + math.degrees(math.atan2(right, ahead))
    return azimuth % 360.0, math.degrees(math.atan2(above, math.hypot(right, ahead)))


def bearing_of_box(pose: Pose, box: tuple[float, float, float, float]) -> Bearing:
    """Return the bearing of the fire under a plume: the middle of the box's lower edge."""
    x0, _, x1, y1 = box
    middle = (x0 + x1) / 2
    azimuth, elevation = bearing_of_point(pose, middle, y1)
    beside, _ = bearing_of_point(pose, middle + SOURCE_SHARE * (x1 - x0), y1)
    spread = abs((beside - azimuth + 180) % 360 - 180)
    return Bearing(azimuth, elevation, math.hypot(spread, pose.error_deg))


def cross(sights: Sequence[tuple[Pose, Bearing]]) -> Fix | None:
    """Return where two or more bearings cross, weighted by their errors; None where they do not meet ahead.

    Least squares of the distances across each line of sight; the weights follow from the distance found in the
    round before (Stansfield's method for direction finding, iterated).
    """
    if len(sights) < 2:
        return None
    here = [_metres(pose.lat, pose.lon, sights[0][0]) for pose, _ in sights]
    angles = np.radians([bearing.azimuth_deg for _, bearing in sights])
    across = np.stack([np.cos(angles), -np.sin(angles)], axis=1)  # (N, 2) unit vectors, east and north
    along = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    errors = np.radians([bearing.error_deg for _, bearing in sights])
    spread, places = np.ones(len(sights)), np.array(here)
    for _ in range(5):
        weighted = across / spread[:, None] ** 2
        normal = weighted.T @ across
        if np.linalg.cond(normal) > 1e8:
            return None
        found = np.linalg.solve(normal, weighted.T @ (across * places).sum(axis=1))
        distances = ((found - places) * along).sum(axis=1)
        if np.any(distances <= 0):
            return None
        spread = np.maximum(distances * np.tan(errors), 1.0)
    return _fix(found, np.linalg.inv((across / spread[:, None] ** 2).T @ across), sights[0][0])


def _fix(found: Points, covariance: Points, origin: Pose) -> Fix:
    variances, axes = np.linalg.eigh(covariance)  # ascending
    east, north = axes[:, 1]
    lat = origin.lat + math.degrees(found[1] / EARTH_M)
    lon = origin.lon + math.degrees(found[0] / (EARTH_M * math.cos(math.radians(origin.lat))))
    minor, major = (float(math.sqrt(max(0.0, v))) for v in variances)
    return Fix(float(lat), float(lon), major, minor, float(math.degrees(math.atan2(east, north)) % 180.0))


def _metres(lat: float, lon: float, origin: Pose) -> tuple[float, float]:
    """Return (east, north) of `origin` in metres."""
    north = math.radians(lat - origin.lat) * EARTH_M
    return math.radians(lon - origin.lon) * EARTH_M * math.cos(math.radians(origin.lat)), north
