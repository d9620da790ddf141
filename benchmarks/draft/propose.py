"""Propose what a camera might watch for, from where things moved: zones, a line across the traffic, rules. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.draft.survey import Survey, Trail
from edge.rules.objects import VEHICLES

MOVED: Final = 0.06  # of the picture: who went less far may be a parked car or a flickering box
SHORTEST: Final = 4  # looks
ENOUGH: Final = 2  # trails, before a place is proposed
WIDEN: Final = 0.02  # of the picture, around where feet were seen
POINTS: Final = 10  # at most, of a proposed zone: each is to be dragged by hand
OUTLIERS: Final = 0.03  # share of the feet that a zone may leave out, on each side of the flow


def propose(survey: Survey, camera_id: str) -> dict[str, Any]:
    """Return the `camera:` part of a truth file: zones, lines and rules, as in a node's configuration."""
    movers = [t for t in survey.trails if len(t.steps) >= SHORTEST and t.span.max() >= MOVED]
    vehicles = [t for t in movers if t.label in VEHICLES]
    people = [t for t in movers if t.label == "person"]
    camera: dict[str, Any] = {"id": camera_id, "zones": {}, "lines": {}, "rules": []}
    if len(vehicles) >= ENOUGH:
        _propose_road(camera, vehicles, survey.aspect)
    if len(people) >= ENOUGH:
        _propose_yard(camera, people, counts=not vehicles, aspect=survey.aspect)
    camera["rules"].append({"kind": "tamper", "name": "camera"})
    return camera


def _propose_road(camera: dict[str, Any], vehicles: Sequence[Trail], aspect: float) -> None:
    camera["zones"]["road"] = zone_of(vehicles)
    camera["lines"]["road"] = line_across(vehicles, aspect)
    labels = sorted(VEHICLES)
    camera["rules"] += [
        {"kind": "line_count", "name": "road-count", "line": "road", "labels": labels},
        {"kind": "stopped_vehicle", "name": "road-stopped", "zone": "road", "after_s": 10},
        {"kind": "congestion", "name": "road-congestion", "zone": "road"},
    ]


def _propose_yard(camera: dict[str, Any], people: Sequence[Trail], *, counts: bool, aspect: float) -> None:
    camera["zones"]["yard"] = zone_of(people)
    if counts:
        camera["lines"]["yard"] = line_across(people, aspect)
        camera["rules"].append({"kind": "line_count", "name": "yard-count", "line": "yard", "labels": ["person"]})
    camera["rules"] += [
        {"kind": "intrusion", "name": "yard", "zone": "yard", "labels": ["person"], "after_s": 1},
        {"kind": "loitering", "name": "yard-loiter", "zone": "yard", "labels": ["person"], "after_s": 20},
        {"kind": "abandoned_object", "name": "yard-left", "zone": "yard", "after_s": 30},
    ]


def zone_of(trails: Sequence[Trail]) -> list[list[float]]:
    """Return a polygon of at most `POINTS` corners around where the feet of `trails` were."""
    feet = np.concatenate([trail.steps[:, 1:] for trail in trails])
    middle = np.median(feet, axis=0)
    near = np.hypot(*(feet - middle).T)
    feet = feet[near <= np.quantile(near, 1 - OUTLIERS)]
    area = shapely.MultiPoint(feet).convex_hull.buffer(WIDEN).intersection(shapely.box(0, 0, 1, 1))
    tolerance, corners = WIDEN / 2, np.empty((0, 2))
    while not 0 < len(corners) <= POINTS:
        corners = np.asarray(area.simplify(tolerance).exterior.coords)[:-1]
        tolerance *= 1.5
    return _rounded(corners)


def line_across(trails: Sequence[Trail], aspect: float) -> dict[str, list[float]]:
    """Return a line square to the main direction of `trails`, where most of them pass, as long as they are wide."""
    unit = np.array([aspect, 1.0])  # lengths as people see them
    feet = np.concatenate([trail.steps[:, 1:] for trail in trails]) * unit
    along = _main_direction([trail.steps[:, 1:] * unit for trail in trails])
    across = np.array([-along[1], along[0]])
    place = _busiest(trails, unit, along)
    here = feet[np.abs(feet @ along - place) <= max(0.05, np.ptp(feet @ along) * 0.1)]
    low, high = np.quantile(here @ across, (0.02, 0.98)) + np.array([-WIDEN, WIDEN]) * 2
    ends = np.stack([along * place + across * low, along * place + across * high]) / unit
    start, end = _rounded(np.clip(ends, 0.0, 1.0))
    return {"from": start, "to": end}


def _main_direction(paths: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Return the axis (2,) along which most of the way is made; to and fro are the same."""
    ways = np.stack([path[-1] - path[0] for path in paths])
    _, _, axes = np.linalg.svd(ways, full_matrices=False)
    return np.asarray(axes[0], np.float64)


def _busiest(trails: Sequence[Trail], unit: npt.NDArray[np.float64], along: npt.NDArray[np.float64]) -> float:
    """Return the position on the axis that most trails pass; of many such, the middle one."""
    spans = np.array([(np.min(s), np.max(s)) for s in (trail.steps[:, 1:] * unit @ along for trail in trails)])
    places = np.linspace(spans[:, 0].min(), spans[:, 1].max(), 41)
    passing = ((spans[:, :1] < places) & (places < spans[:, 1:])).sum(axis=0)
    best = places[passing == passing.max()]
    return float(best[len(best) // 2])


def _rounded(points: npt.NDArray[np.float64]) -> list[list[float]]:
    return [[round(float(x), 3), round(float(y), 3)] for x, y in points]
