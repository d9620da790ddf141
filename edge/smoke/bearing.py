"""Where a camera sees something: azimuth and elevation of a point of the picture, with their errors. Pure.

The lens is a pinhole with one term of radial distortion (Brown 1966); the picture may be turned about its middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.geometry import Points

POSE_ERROR_DEG: Final = 1.0  # of a camera that was aimed with a compass; calibration against landmarks gives 0.2
SOURCE_SHARE: Final = 0.25  # of the box's width, one standard deviation: where in it the fire stands, the wind decides
EDGE_SHARE: Final = 0.1  # of the box's height, one standard deviation: how far a detector sets its lower edge wrong


@dataclass(frozen=True, slots=True)
class Pose:
    """How a camera stands. azimuth: of the middle of the picture, clockwise from north.   tilt: above the horizon.

    roll: of the camera, clockwise as seen from behind it.   distortion: k1, with the picture's half width as unit.
    aspect: width ÷ height of the picture.   height_m: of the lens above the ground.
    """

    lat: float
    lon: float
    azimuth_deg: float
    tilt_deg: float
    hfov_deg: float
    roll_deg: float = 0.0
    distortion: float = 0.0
    aspect: float = 16 / 9
    error_deg: float = POSE_ERROR_DEG
    height_m: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.hfov_deg < 180:
            raise ValueError(f"a pinhole's field of view lies between 0 and 180 degrees, got {self.hfov_deg}")


@dataclass(frozen=True, slots=True)
class Bearing:
    """azimuth: 0..360 clockwise from north.   The errors are standard deviations, in degrees."""

    azimuth_deg: float
    elevation_deg: float
    error_deg: float
    elevation_error_deg: float = POSE_ERROR_DEG


def angles_of(pose: Pose, points: Points) -> Points:
    """Return (N, 2) azimuths 0..360 and elevations, in degrees, of (N, 2) points x, y of the picture (0..1, y down)."""
    seen = np.stack([2 * points[:, 0] - 1, (1 - 2 * points[:, 1]) / pose.aspect], axis=1)  # right, up; half widths
    right, up = (_undistorted(seen, pose.distortion) @ _turn(pose.roll_deg)).T
    forward = 1 / math.tan(math.radians(pose.hfov_deg) / 2)
    tilt = math.radians(pose.tilt_deg)
    ahead = forward * math.cos(tilt) - up * math.sin(tilt)
    above = forward * math.sin(tilt) + up * math.cos(tilt)
    azimuths = pose.azimuth_deg + np.degrees(np.arctan2(right, ahead))
    return np.stack([azimuths % 360.0, np.degrees(np.arctan2(above, np.hypot(right, ahead)))], axis=1)


def points_at(pose: Pose, angles: Points) -> Points:
    """Return (N, 2) where in the picture (N, 2) azimuths and elevations appear; NaN behind the camera."""
    around, above = np.radians(angles[:, 0] - pose.azimuth_deg), np.tan(np.radians(angles[:, 1]))
    tilt = math.radians(pose.tilt_deg)
    depth = np.cos(around) * math.cos(tilt) + above * math.sin(tilt)
    depth = np.where(depth > 1e-6, depth, np.nan)
    up = (above * math.cos(tilt) - np.cos(around) * math.sin(tilt)) / depth
    plane = np.stack([np.sin(around) / depth, up], axis=1) / math.tan(math.radians(pose.hfov_deg) / 2)
    plane = plane @ _turn(pose.roll_deg).T
    seen = plane * (1 + pose.distortion * np.sum(plane**2, axis=1, keepdims=True))
    return np.stack([(seen[:, 0] + 1) / 2, (1 - seen[:, 1] * pose.aspect) / 2], axis=1)


def bearing_of_point(pose: Pose, x: float, y: float) -> tuple[float, float]:
    """Return (azimuth, elevation) in degrees of the point `x`, `y` (0..1, y down) of the picture."""
    ((azimuth, elevation),) = angles_of(pose, np.array([[x, y]]))
    return float(azimuth), float(elevation)


def bearing_of_box(pose: Pose, box: tuple[float, float, float, float]) -> Bearing:
    """Return the bearing of the fire under a plume: the middle of the box's lower edge."""
    x0, y0, x1, y1 = box
    middle = (x0 + x1) / 2
    beside = (middle + SOURCE_SHARE * (x1 - x0), y1)
    above = (middle, y1 - EDGE_SHARE * (y1 - y0))
    base, aside, higher = angles_of(pose, np.array([(middle, y1), beside, above]))
    spread = abs((aside[0] - base[0] + 180) % 360 - 180)
    return Bearing(
        azimuth_deg=float(base[0]),
        elevation_deg=float(base[1]),
        error_deg=math.hypot(float(spread), pose.error_deg),
        elevation_error_deg=math.hypot(float(higher[1] - base[1]), pose.error_deg),
    )


def _turn(roll_deg: float) -> Points:
    """Return the (2, 2) matrix that turns rows (right, up) of the picture into those of the level world."""
    roll = math.radians(roll_deg)
    return np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])


def _undistorted(seen: Points, k1: float) -> Points:
    """Return where points would appear through a perfect lens: Newton's method on r (1 + k1 r²)."""
    if k1 == 0:
        return seen
    wanted = np.linalg.norm(seen, axis=1, keepdims=True)
    r = wanted.copy()
    for _ in range(8):
        r -= (r * (1 + k1 * r * r) - wanted) / np.maximum(1 + 3 * k1 * r * r, 0.1)
    return np.asarray(seen * np.where(wanted > 0, r / np.maximum(wanted, 1e-12), 1.0), np.float64)
