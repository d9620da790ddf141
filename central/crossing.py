"""Where several cameras' bearings cross: the place that most of them agree on, with its error. Pure.

Least squares of the distances across each line of sight, weighted by what each line may be off at that distance
(Stansfield 1947, iterated). How sure the crossing is follows from crossing again with the bearings wrong by as much as
they may be. A bearing that the others contradict is left out, and said to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, qmc

from common.geodesy import Ellipse, ellipse_of, metres_between

Values = npt.NDArray[np.float64]

CONTRADICTS: Final = 3.0  # deviations across a line of sight: one in 370 by chance
TRIALS: Final = 512
HELD_SHARE: Final = 0.97  # of the trials lie in the ellipse: 0.95 is promised, and flat crossings are no ellipses
FLATTEST_DEG: Final = 6.0  # lines that cross at less, or at less than four of their errors, say no more than one does
FLATTEST_ERRORS: Final = 4.0
SAME_MAST_M: Final = 150.0  # cameras this close share a bearing and add no distance
SAME_PLACE: Final = 1.2  # times the half axes of a camera's own terrain fix, which hold the truth in 95 %
NEAREST_M: Final = 50.0
MOST_LINES: Final = 12  # of one incident; the latest count


@dataclass(frozen=True, slots=True)
class Sight:
    """One camera's bearing to one cause, as its latest event has it. lat, lon: of the camera."""

    camera: str  # site/node/camera
    cause: str
    at: datetime
    lat: float
    lon: float
    azimuth_deg: float
    error_deg: float
    far_m: float  # beyond this it can't be
    ellipse: Ellipse | None = None  # what the camera makes of it alone, with the ground


@dataclass(frozen=True, slots=True)
class Fix:
    """Where it is. by: `crossing` of bearings, or one camera's `terrain`.   sights: those that agree on it."""

    ellipse: Ellipse
    by: str
    sights: tuple[Sight, ...]


def locate(sights: Sequence[Sight]) -> Fix | None:
    """Return the place on which most sights agree; one camera's own fix where nothing crosses; None without any."""
    return _located(tuple(sights))


@lru_cache(maxsize=1024)  # a list of incidents is asked for far more often than a bearing comes in
def _located(sights: tuple[Sight, ...]) -> Fix | None:
    latest = sorted(sights, key=lambda sight: (sight.at, sight.camera, sight.cause))[-MOST_LINES:]
    agreeing = max(_agreements(latest), key=lambda group: (len(group), _opening(group)), default=())
    if agreeing:
        crossed = cross(agreeing)
        if crossed is not None:
            return Fix(crossed, "crossing", agreeing)
    alone = [sight for sight in latest if sight.ellipse is not None]
    best = min(alone, key=lambda sight: sight.ellipse.major_m if sight.ellipse else math.inf, default=None)
    return Fix(best.ellipse, "terrain", (best,)) if best is not None and best.ellipse is not None else None


def may_be_one(some: Sequence[Sight], others: Sequence[Sight]) -> bool:
    """Return whether two groups of sights can be of one fire: their lines cross where each allows it."""
    pairs = [(one, other) for one in some for other in others if one.camera != other.camera]
    return any(_agree(pair) or _share_a_line(*pair) for pair in pairs)


def cross(sights: Sequence[Sight]) -> Ellipse | None:
    """Return where the lines cross; None where they part, run side by side or meet out of reach."""
    if len(sights) < 2:
        return None
    lines = _Lines(sights)
    found = lines.meet()
    if found is None or _is_flat(sights):
        return None
    draws = _draws(len(sights)) * np.array([sight.error_deg for sight in sights])
    cloud = lines.meet_again(draws, found)
    if len(cloud) < TRIALS / 2:
        return None
    return ellipse_of(lines.lat, lines.lon, cloud, np.full(len(cloud), 1 / len(cloud)), HELD_SHARE)


class _Lines:
    """Lines of sight on a plane around the first camera."""

    def __init__(self, sights: Sequence[Sight]) -> None:
        self.lat, self.lon = sights[0].lat, sights[0].lon
        self.starts = np.array([metres_between(self.lat, self.lon, s.lat, s.lon) for s in sights])
        self.azimuths = np.radians([s.azimuth_deg for s in sights])
        self.errors = np.tan(np.radians([min(s.error_deg, 45.0) for s in sights]))
        self.far_m = np.array([s.far_m for s in sights])

    def meet(self) -> Values | None:
        """Return (2,) east, north where they cross ahead of all of them and within reach."""
        weights = np.ones(len(self.starts))
        for _ in range(5):
            found = np.asarray(_solve(self.starts, self.azimuths[None], weights)[0], np.float64)
            distances = self._ahead(found)
            if np.isnan(found).any() or np.any(distances < NEAREST_M) or np.any(distances > 1.5 * self.far_m):
                return None
            weights = 1 / (distances * self.errors) ** 2
        return found

    def offs(self, found: Values) -> Values:
        """Return (N,) how many deviations the place lies beside each line."""
        across = np.stack([np.cos(self.azimuths), -np.sin(self.azimuths)], axis=1)
        beside = ((found - self.starts) * across).sum(axis=1)
        return np.asarray(beside / np.maximum(self._ahead(found) * self.errors, 1.0), np.float64)

    def meet_again(self, draws_deg: Values, found: Values) -> Values:
        """Return (T, 2) where they cross with (T, N) errors; trials in which they part are left out."""
        weights = 1 / (self._ahead(found) * self.errors) ** 2
        azimuths = self.azimuths + np.radians(draws_deg)
        places = _solve(self.starts, azimuths, weights)
        along = np.stack([np.sin(azimuths), np.cos(azimuths)], axis=2)
        ahead = ((places[:, None] - self.starts) * along).sum(axis=2)
        return np.asarray(places[np.all((ahead > 0) & (ahead < 3 * self.far_m), axis=1)], np.float64)

    def _ahead(self, found: Values) -> Values:
        along = np.stack([np.sin(self.azimuths), np.cos(self.azimuths)], axis=1)
        return np.asarray(((found - self.starts) * along).sum(axis=1), np.float64)


def _solve(starts: Values, azimuths: Values, weights: Values) -> Values:
    """Return (T, 2) the places nearest to lines from (N, 2) `starts` at (T, N) `azimuths`; NaN for parallels."""
    across = np.stack([np.cos(azimuths), -np.sin(azimuths)], axis=2)  # (T, N, 2)
    normal = np.einsum("n,tni,tnj->tij", weights, across, across)
    right = np.einsum("n,tni,tn->ti", weights, across, (across * starts).sum(axis=2))
    determinant = normal[:, 0, 0] * normal[:, 1, 1] - normal[:, 0, 1] ** 2
    trace = normal[:, 0, 0] + normal[:, 1, 1]
    usable = determinant > 1e-8 * trace**2
    east = normal[:, 1, 1] * right[:, 0] - normal[:, 0, 1] * right[:, 1]
    north = normal[:, 0, 0] * right[:, 1] - normal[:, 0, 1] * right[:, 0]
    safe = np.where(usable, determinant, np.nan)
    return np.stack([east / safe, north / safe], axis=1)


def _agreements(sights: Sequence[Sight]) -> list[tuple[Sight, ...]]:
    """Return, for each pair that crosses, the sights that go through that crossing, one of each camera."""
    return [_with_company(pair, sights) for pair in combinations(sights, 2) if _agree(pair)]


def _agree(pair: tuple[Sight, Sight]) -> bool:
    one, other = pair
    if one.camera == other.camera or _is_flat(pair):
        return False
    ellipse = cross(pair)
    return ellipse is not None and all(_allows(sight, ellipse) for sight in pair)


def _allows(sight: Sight, crossed: Ellipse) -> bool:
    """Return whether the crossing lies where the camera's own terrain fix can be."""
    return sight.ellipse is None or sight.ellipse.depth(crossed.lat, crossed.lon) <= SAME_PLACE + (
        crossed.major_m / max(sight.ellipse.major_m, 1.0)
    )


def _with_company(pair: tuple[Sight, Sight], sights: Sequence[Sight]) -> tuple[Sight, ...]:
    group = list(pair)
    for sight in sights:
        if all(sight.camera != known.camera for known in group):
            lines = _Lines([*group, sight])
            found = lines.meet()
            if found is not None and np.all(np.abs(lines.offs(found)) <= CONTRADICTS):
                group.append(sight)
    return tuple(group)


def _share_a_line(one: Sight, other: Sight) -> bool:
    """Return whether two cameras on one mast look at the same thing."""
    if math.hypot(*metres_between(one.lat, one.lon, other.lat, other.lon)) > SAME_MAST_M:
        return False
    return _turn_deg(one, other) <= CONTRADICTS * math.hypot(one.error_deg, other.error_deg)


def _opening(sights: Sequence[Sight]) -> float:
    """Return the largest angle at which two of the lines cross, 0..90 degrees."""
    turns = [_turn_deg(one, other) for one, other in combinations(sights, 2)]
    return max((min(turn, 180 - turn) for turn in turns), default=0.0)


def _is_flat(sights: Sequence[Sight]) -> bool:
    least = FLATTEST_ERRORS * math.sqrt(float(np.mean([sight.error_deg**2 for sight in sights])))
    return _opening(sights) < max(FLATTEST_DEG, least)


def _turn_deg(one: Sight, other: Sight) -> float:
    return abs((one.azimuth_deg - other.azimuth_deg + 180) % 360 - 180)


@cache
def _draws(lines: int) -> Values:
    """Return (TRIALS, lines) normal deviates, evenly spread (Sobol) and the same each time."""
    uniform = qmc.Sobol(lines, rng=np.random.default_rng(3)).random(TRIALS)
    return np.asarray(norm.ppf(np.clip(uniform, 1e-6, 1 - 1e-6)), np.float64)
