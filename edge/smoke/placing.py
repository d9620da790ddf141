"""Say where the fire of a finding is: its bearing, and its place where the ground is known, each with its error."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from common.geodesy import Ellipse
from edge.camera import USUAL_ASPECT, Told
from edge.config import CameraSettings, PositionSettings
from edge.poses import Stance
from edge.smoke.bearing import Bearing, Pose, bearing_of_box
from edge.smoke.raycast import Landing, land, rounded
from edge.terrain import Terrain
from mqtt.event import Position

log = logging.getLogger(__name__)

KINDS: Final = frozenset({"smoke", "flame"})
SIGHT_RANGE_M: Final = 30_000.0  # beyond it no plume is seen: what a bearing without terrain leaves open
MOST_TOLD: Final = 1000  # fires of one node that go on at a time; the oldest is forgotten first
VOID_KINDS: Final = frozenset({"moved", "frozen"})  # findings about the camera, while they last


@dataclass(frozen=True, slots=True)
class Placed:
    """The contract's `position` and what goes into `detail`."""

    position: Position | None
    detail: Mapping[str, Any] = field(default_factory=dict)


class Placing(Protocol):
    def place(self, camera: CameraSettings, told: Told) -> Placed | None: ...


class Placer:
    """Places the findings of one node's cameras. `hear` every finding first: a camera that has moved says so there."""

    def __init__(self, terrain: Terrain | None = None) -> None:
        self._terrain = terrain
        self._aspects: dict[str, float] = {}  # of each camera's picture
        self._faults: dict[str, set[str]] = {}  # camera → what is wrong with its view just now
        self._told: dict[tuple[str, str, str], Placed] = {}  # camera, rule, cause → where it was said to be

    def forget(self, camera_id: str) -> None:
        """The camera is gone."""
        self._aspects.pop(camera_id, None)
        self._faults.pop(camera_id, None)
        for cause in [cause for cause in self._told if cause[0] == camera_id]:
            del self._told[cause]

    def place(self, camera: CameraSettings, told: Told) -> Placed | None:
        """Return where the finding is; None where its camera has no position, or it is not about a fire."""
        self._hear(camera, told)
        if camera.position is None or told.finding.kind not in KINDS:
            return None
        here = Position(lat=camera.position.lat, lon=camera.position.lon)
        cause = (camera.id, told.rule_name, told.finding.key)
        if told.finding.phase == "end":  # nothing is seen any more, and the camera may look elsewhere by now
            return self._told.pop(cause, Placed(here))
        placed = self._told[cause] = self._placed(camera, told, here)
        if len(self._told) > MOST_TOLD:
            self._told.pop(next(iter(self._told)))
        return placed

    def _placed(self, camera: CameraSettings, told: Told, here: Position) -> Placed:
        pose = self._pose(camera, told)
        if pose is None or not told.finding.objects:
            return Placed(here)
        if void := self._void(camera, told.stance):
            return Placed(here, {"bearing_void": void})
        bearing = bearing_of_box(pose, told.finding.objects[0].box)
        return _placed(pose, bearing, None if self._terrain is None else land(pose, bearing, self._terrain))

    def _hear(self, camera: CameraSettings, told: Told) -> None:
        if told.picture is not None:
            self._aspects[camera.id] = told.picture.width / told.picture.height
        if told.finding.kind in VOID_KINDS:
            faults = self._faults.setdefault(camera.id, set())
            (faults.discard if told.finding.phase == "end" else faults.add)(told.finding.kind)

    def _void(self, camera: CameraSettings, stance: Stance) -> str | None:
        if stance.void is not None:
            return stance.void
        return min(self._faults.get(camera.id, ()), default=None)

    def _pose(self, camera: CameraSettings, told: Told) -> Pose | None:
        name = told.finding.detail.get("pose", told.stance.pose)
        aspect = self._aspects.get(camera.id, USUAL_ASPECT)
        return None if camera.position is None else pose_of(camera.position, name, aspect, told.stance.shift)


def pose_of(
    position: PositionSettings, name: str | None, aspect: float, shift: tuple[float, float] = (0.0, 0.0)
) -> Pose | None:
    """Return how the camera stands at the preset `name` ("" without presets); None where too little is configured.

    `shift` is how far its picture has moved since the pose was measured, as shares of the width, right and down.
    """
    preset = next((pose for pose in position.poses if pose.name == name), None)
    at = position if preset is None else preset
    if position.poses and preset is None:
        return None
    if at.azimuth_deg is None or at.hfov_deg is None or at.hfov_deg >= 180:
        return None
    # What was in the middle has moved right: the camera looks farther left.
    return Pose(
        lat=position.lat,
        lon=position.lon,
        azimuth_deg=(at.azimuth_deg - shift[0] * at.hfov_deg) % 360.0,
        tilt_deg=(at.tilt_deg or 0.0) + shift[1] * at.hfov_deg,
        hfov_deg=at.hfov_deg,
        roll_deg=at.roll_deg,
        distortion=position.distortion,
        aspect=aspect,
        error_deg=position.error_deg,
        height_m=position.height_m or 0.0,
    )


def _placed(pose: Pose, bearing: Bearing, landing: Landing | None) -> Placed:
    azimuth = round(bearing.azimuth_deg, 2) % 360.0
    sight: dict[str, Any] = {
        "lat": pose.lat, "lon": pose.lon, "azimuth_deg": azimuth, "elevation_deg": round(bearing.elevation_deg, 2),
        "error_deg": round(bearing.error_deg, 2), "range_m": [0, round(SIGHT_RANGE_M)],
    }  # fmt: skip
    if landing is None:
        return Placed(Position(lat=pose.lat, lon=pose.lon, bearing_deg=azimuth), {"bearing": sight})
    sight["range_m"] = [round(landing.near_m), round(landing.far_m)]
    where = rounded(landing.ellipse)
    position = Position(lat=where.lat, lon=where.lon, bearing_deg=azimuth, accuracy_m=where.major_m)
    return Placed(position, {"bearing": sight, "ellipse": _as_detail(where) | {"hidden": round(landing.hidden, 2)}})


def _as_detail(ellipse: Ellipse) -> dict[str, Any]:
    return {
        "lat": ellipse.lat, "lon": ellipse.lon, "major_m": ellipse.major_m, "minor_m": ellipse.minor_m,
        "azimuth_deg": ellipse.azimuth_deg, "by": "terrain",
    }  # fmt: skip
