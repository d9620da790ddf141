"""How a camera stands, from landmarks whose places are known: least squares on what the picture shows of them. Pure.

Over azimuth, tilt, roll and field of view, from several starts because the field of view may be far off. Roll and lens
distortion are held near zero by what mounts and lenses usually are, so that few landmarks do not invent them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from common.geodesy import EARTH_M, metres_between
from edge.geometry import Points
from edge.smoke.bearing import Pose, angles_of
from edge.smoke.raycast import REFRACTION

Values = npt.NDArray[np.float64]

USUAL_ROLL_DEG: Final = 2.0  # how crooked a mount stands, one standard deviation
USUAL_DISTORTION: Final = 0.03  # of lenses up to about 60°
LEAST_FOR_DISTORTION: Final = 6  # landmarks; fewer say nothing about the lens
STARTS_DEG: Final = (5.0, 15.0, 35.0, 60.0, 90.0)  # fields of view to begin from
FLOOR_DEG: Final = 0.05  # no survey by hand is better: compass, map and north itself
CHECKED: Final = np.array([[x, y] for x in np.linspace(0.05, 0.95, 7) for y in (0.3, 0.5, 0.7)])
SUSPECT: Final = 3.0  # deviations off: this landmark is another one than it is said to be


class SurveyError(Exception):
    """The landmarks do not say how the camera stands. The message says what is missing."""


@dataclass(frozen=True, slots=True)
class Landmark:
    """x, y: where it appears, 0..1 of the picture.   altitude_m: of the point that is seen; None where nobody knows."""

    x: float
    y: float
    lat: float
    lon: float
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """pose.error_deg: one standard deviation of a bearing anywhere in the picture.   residuals: (N, 2) degrees, NaN for
    an unknown elevation.   suspects: landmarks that fit the others badly."""

    pose: Pose
    residuals: Points
    suspects: tuple[int, ...]


def solve(
    lat: float, lon: float, altitude_m: float | None, landmarks: Sequence[Landmark], *,
    aspect: float, click_error: float = 0.002, hfov_deg: float | None = None,
) -> Solved:  # fmt: skip
    """Return the pose that fits best. `click_error`: how far off a point may be, as a share of the picture's width.

    Raises SurveyError.
    """
    points = np.array([[mark.x, mark.y] for mark in landmarks]).reshape(-1, 2)
    truth = np.array([_direction(lat, lon, altitude_m, mark) for mark in landmarks]).reshape(-1, 2)
    _check(truth, hfov_deg)
    base = Pose(lat, lon, _middle(truth[:, 0]), 0.0, hfov_deg or 60.0, aspect=aspect)
    with_lens = len(landmarks) >= LEAST_FOR_DISTORTION

    def pose_of(x: Values) -> Pose:
        hfov = float(np.clip(np.exp(x[3]), 0.5, 170.0))
        k1 = float(np.clip(x[4], -0.3, 0.3)) if with_lens else 0.0
        return replace(base, azimuth_deg=float(x[0] % 360), tilt_deg=float(x[1]), roll_deg=float(x[2]),
                       hfov_deg=hfov, distortion=k1)  # fmt: skip

    def off(x: Values) -> Values:
        pose = pose_of(x)
        scale = click_error * pose.hfov_deg
        held = [x[2] / USUAL_ROLL_DEG, x[4] / USUAL_DISTORTION]
        held += [(x[3] - math.log(hfov_deg)) / 0.05] if hfov_deg else []  # data sheets are off by a few per cent
        return np.concatenate([np.nan_to_num(_residuals(pose, points, truth) / scale).ravel(), held])

    starts = [
        np.array([base.azimuth_deg, 0.0, 0.0, math.log(f), 0.0]) for f in ([hfov_deg] if hfov_deg else STARTS_DEG)
    ]
    found = min((least_squares(off, start, x_scale=[1, 1, 1, 0.1, 0.01]) for start in starts), key=lambda fit: fit.cost)
    return _judged(found, pose_of, points, truth, click_error)


def _judged(found: Any, pose_of: Any, points: Points, truth: Points, click_error: float) -> Solved:
    pose = pose_of(found.x)
    residuals = _residuals(pose, points, truth)
    known = int(np.count_nonzero(~np.isnan(residuals)))
    spare = max(known - 4, 0)
    deviations = residuals / (click_error * pose.hfov_deg)
    # With spare landmarks their residuals tell how good the clicks and the map are; without, the assumption stands.
    inflated = max(1.0, math.sqrt(float(np.nansum(deviations**2)) / spare)) if spare else 1.5
    covariance = np.linalg.pinv(found.jac.T @ found.jac) * inflated**2
    error_deg = math.hypot(_bearing_error(pose_of, found.x, covariance), FLOOR_DEG)
    suspects = np.flatnonzero(np.nanmax(np.abs(deviations), axis=1) > SUSPECT) if spare else ()
    return Solved(replace(pose, error_deg=error_deg), residuals, tuple(int(n) for n in suspects))


def _bearing_error(pose_of: Any, x: Values, covariance: Values) -> float:
    """Return the standard deviation of azimuths and elevations over the picture, in degrees."""
    at = angles_of(pose_of(x), CHECKED)
    step = 1e-4
    columns = [_turned(angles_of(pose_of(x + step * unit), CHECKED) - at) / step for unit in np.eye(len(x))]
    jacobian = np.stack(columns, axis=2)  # (points, 2, parameters)
    variances = np.einsum("pai,ij,paj->pa", jacobian, covariance, jacobian)
    return float(math.sqrt(variances.max()))


def _residuals(pose: Pose, points: Points, truth: Points) -> Points:
    off = _turned(angles_of(pose, points) - truth)
    off[:, 0] *= np.cos(np.radians(np.nan_to_num(truth[:, 1])))
    return off


def _direction(lat: float, lon: float, altitude_m: float | None, mark: Landmark) -> tuple[float, float]:
    """Return (azimuth, elevation) of a landmark as the camera must see it; NaN for an elevation that nobody knows."""
    east, north = metres_between(lat, lon, mark.lat, mark.lon)
    distance = math.hypot(east, north)
    azimuth = math.degrees(math.atan2(east, north)) % 360
    if altitude_m is None or mark.altitude_m is None:
        return azimuth, math.nan
    drop = (1 - REFRACTION) * distance**2 / (2 * EARTH_M)
    return azimuth, math.degrees(math.atan2(mark.altitude_m - altitude_m - drop, distance))


def _check(truth: Points, hfov_deg: float | None) -> None:
    azimuths, elevations = truth[:, 0], truth[:, 1]
    if len(truth) < (1 if hfov_deg else 2):
        raise SurveyError("two landmarks are needed at least, or one and the field of view (--hfov); four are good")
    if np.isnan(elevations).all():
        raise SurveyError("no altitude is known, so the tilt is not either: give --terrain, or altitudes")
    if hfov_deg is None and len(azimuths) > 1 and np.ptp(_turned(azimuths - azimuths[0])) < 0.1:
        raise SurveyError("all landmarks lie in one direction: choose some at both sides of the picture")


def _middle(azimuths: Values) -> float:
    radians = np.radians(azimuths)
    return math.degrees(math.atan2(np.sin(radians).mean(), np.cos(radians).mean())) % 360


def _turned(degrees: Points | Values) -> Values:
    """Return angles as -180..180; elevations stay what they are."""
    return np.asarray((degrees + 180) % 360 - 180, np.float64)
