"""Where the line of sight of one camera meets the ground, and how sure that is. Pure, and the same each time.

Every distance along the line is asked: had the fire stood there, at which elevation would its smoke first show? On
ground that is seen, at the ground's own; behind a crest, at the crest's. The answer is where that agrees with what was
seen, weighed by the errors of pose, box and heights: a posterior over the ground, summed up as an ellipse.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, qmc

from common.geodesy import EARTH_M, Ellipse, ellipse_of, place_at, quantile
from edge.smoke.bearing import Bearing, Pose
from edge.terrain import Terrain

Values = npt.NDArray[np.float64]

REFRACTION: Final = 0.13  # of the earth's curvature is taken back by the air, the surveyor's usual value
HEIGHT_ERROR_M: Final = 8.0  # between camera and target: SRTM states 16 m at 90 %, of which half is common to both
ALIKE_M: Final = 500.0  # nearer than this the map errs as it does under the camera
NEAREST_M, FARTHEST_M = 60.0, 40_000.0  # a hill 40 km away stands in haze on the clearest day
STEP_SHARE: Final = 0.004  # of the distance: steps grow, as the error across does
LINES: Final = 256  # azimuths and heights of the camera that are tried
HIDDEN: Final = 0.5  # how much likelier a fire is where the camera sees the ground: there it is told sooner
RISE_M: Final = 200.0  # smoke has thinned to 1/e when it has risen so far out of a hidden valley
HELD_SHARE: Final = 0.95  # of the posterior lies in the ellipse
UNLIKELY: Final = 3.5  # deviations between what is seen and any ground: it stands against the sky


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a line of sight meets the ground. near_m, far_m: the distances that hold 95 %.

    hidden: how likely it is that the fire stands behind the crest that is seen, 0..1.
    """

    ellipse: Ellipse
    near_m: float
    far_m: float
    hidden: float


def land(pose: Pose, bearing: Bearing, terrain: Terrain) -> Landing | None:
    """Return where `bearing` meets the ground; None where it runs into the sky or off the known terrain."""
    ground_m = float(terrain.at(np.array([pose.lat]), np.array([pose.lon]))[0])
    if math.isnan(ground_m):
        return None
    azimuths = np.radians(bearing.azimuth_deg + bearing.error_deg * _draws()[:, 0])
    distances = _distances(max(20.0, terrain.cell_m))
    errors = HEIGHT_ERROR_M * _draws()[:, 1:] * np.minimum(1.0, distances / ALIKE_M)  # (LINES, D)
    places = np.stack([np.sin(azimuths), np.cos(azimuths)], axis=1)[:, None, :] * distances[:, None]  # (LINES, D, 2)
    drop = (1 - REFRACTION) * distances**2 / (2 * EARTH_M)
    rises = _ground(terrain, pose, places) + errors - drop - ground_m - pose.height_m
    shown = np.maximum.accumulate(rises / distances, axis=1)  # tangent of the elevation at which smoke first shows
    depths = shown * distances - rises  # metres that the ground lies below the sight over its crest; NaN off the map
    off = (np.degrees(np.arctan(shown)) - bearing.elevation_deg) / bearing.elevation_error_deg
    if np.median(np.nan_to_num(np.abs(off), nan=np.inf).min(axis=1)) > UNLIKELY:
        return None
    # Area grows with the distance, the chance to be seen falls with it: each metre along the line counts alike.
    prior = np.gradient(distances) * np.where(depths > 0, HIDDEN * np.exp(-depths / RISE_M), 1.0)
    weights = np.nan_to_num(prior * np.exp(-0.5 * off**2))
    return _summed_up(pose, places.reshape(-1, 2), weights.ravel(), float(weights[depths > 0].sum() / weights.sum()))


def skyline(pose: Pose, azimuths: Values, terrain: Terrain) -> Values:
    """Return (N,) elevations, in degrees, at which the ground ends and the sky begins; NaN off the known terrain."""
    ground_m = float(terrain.at(np.array([pose.lat]), np.array([pose.lon]))[0])
    distances, turns = _distances(max(20.0, terrain.cell_m)), np.radians(azimuths)
    places = np.stack([np.sin(turns), np.cos(turns)], axis=1)[:, None, :] * distances[:, None]
    rises = _ground(terrain, pose, places) - (1 - REFRACTION) * distances**2 / (2 * EARTH_M) - ground_m - pose.height_m
    highest = np.nan_to_num(rises / distances, nan=-np.inf).max(axis=1)
    return np.where(np.isfinite(highest), np.degrees(np.arctan(highest)), np.nan)


def _summed_up(pose: Pose, places: Values, weights: Values, hidden: float) -> Landing:
    kept = weights > weights.max() * 1e-6
    places, weights = places[kept], weights[kept] / weights[kept].sum()
    ellipse = ellipse_of(pose.lat, pose.lon, places, weights, HELD_SHARE)
    distances = np.hypot(places[:, 0], places[:, 1])
    near, far = (quantile(distances, weights, share) for share in (0.025, 0.975))
    return Landing(ellipse, near, far, hidden)


def rounded(ellipse: Ellipse) -> Ellipse:
    """Return it with as many digits as mean something."""
    return replace(
        ellipse, lat=round(ellipse.lat, 6), lon=round(ellipse.lon, 6), major_m=math.ceil(ellipse.major_m),
        minor_m=math.ceil(ellipse.minor_m), azimuth_deg=round(ellipse.azimuth_deg, 1),
    )  # fmt: skip


def _ground(terrain: Terrain, pose: Pose, places: Values) -> Values:
    lat_step, _ = place_at(pose.lat, pose.lon, 0.0, 1.0)
    lats = pose.lat + places[..., 1] * (lat_step - pose.lat)
    lons = pose.lon + np.degrees(places[..., 0] / (EARTH_M * np.cos(np.radians((lats + pose.lat) / 2))))
    return terrain.at(lats, lons)


@cache
def _draws() -> Values:
    """Return (LINES, 2) normal deviates, evenly spread (Sobol), so that few lines are enough."""
    uniform = qmc.Sobol(2, rng=np.random.default_rng(5)).random(LINES)
    return np.asarray(norm.ppf(np.clip(uniform, 1e-6, 1 - 1e-6)), np.float64)


@cache
def _distances(step_m: float) -> Values:
    """Return the distances at which the ground is asked: a cell apart at first, then growing."""
    even = np.arange(NEAREST_M, step_m / STEP_SHARE, step_m)
    steps = math.ceil(math.log(FARTHEST_M / even[-1]) / math.log1p(STEP_SHARE))
    return np.concatenate([even, even[-1] * (1 + STEP_SHARE) ** np.arange(1, steps + 1)])
