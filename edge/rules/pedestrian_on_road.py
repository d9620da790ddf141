"""Report people on foot on a carriageway where nobody walks.

Riders are no pedestrians, nor is anybody inside a vehicle, or faster than a runner: the machine below a rider is not
always seen. How fast somebody comes or goes along the view shows only on a calibrated camera: with a `ground:` block
speeds are metres a second over the ground. One alarm while anybody is there; `detail` carries `people`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas, Flags
from edge.ground import Ground
from edge.rules.base import Finding, Look, Rule, Scene, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.dwell import Dwell, tell_stay
from edge.rules.memory import TrackMemory
from edge.rules.objects import VEHICLES, covered_share, riders, square
from edge.rules.speeds import Speeds
from edge.tracks import Tracks

RIDES_SHARE: Final = 0.2  # of its looks in which it sits on a machine: the detector misses that now and then
FASTEST_WALK: Final = 2.2  # own heights per second: a runner; cyclists and motorcyclists are faster
FASTEST_WALK_M: Final = 4.0  # metres per second over the ground, the same for a person of 1.8 m
SURE: Final = 2.0  # standard errors by which a speed over the ground must be above it
PACE_S: Final = 0.8
INSIDE_SHARE: Final = 0.8  # of a person's box within a vehicle's box: a driver, a passenger, or a mistake


class PedestrianOnRoadSettings(ZoneRuleSettings):
    kind: Literal["pedestrian_on_road"] = Field(description="reports people on the carriageway")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels count; empty means all")
    after_s: float = Field(default=2.0, ge=0, le=3600, description="seconds on the road before it is reported")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without anybody before it is over")


class PedestrianOnRoad(Rule[PedestrianOnRoadSettings]):
    kind = "pedestrian_on_road"
    Settings = PedestrianOnRoadSettings
    says = ("Người đi bộ trên lòng đường", "Somebody walks on the road")

    def __init__(self, settings: PedestrianOnRoadSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._dwell = Dwell(scene.zone(settings.zone))
        self._walkers = Walkers(scene.aspect, scene.ground)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    def update(self, look: Look) -> Iterable[Finding]:
        on_foot = self._walkers.update(look.tracks, look.time_s)
        people = look.tracks[on_foot].labelled(self.settings.labels)
        inside, stayed_s = self._dwell.update(people, look.time_s)
        on_road = inside & (stayed_s >= self.settings.after_s)
        yield from tell_stay(self._cause, look.time_s, people, on_road, inside, stayed_s, counted="people")

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._dwell.forget(gone)
        self._walkers.forget(gone)


class Walkers:
    """Tells people on foot from riders whose machine is not always seen: who rode, or is too fast, does not walk."""

    def __init__(self, aspect: float, ground: Ground | None = None) -> None:
        self._aspect = aspect
        self._speeds = None if ground is None else Speeds(ground)
        self._memory = TrackMemory(looks=0.0, rides=0.0, x=np.nan, y=0.0, at_s=0.0, speed=0.0)

    def update(self, tracks: Tracks, time_s: float) -> Flags:
        """Return (N,) True for people on foot outside vehicles."""
        rows, memory = self._memory.rows(tracks.ids), self._memory
        seen = tracks.seen_at(time_s)
        memory["looks"][rows[seen]] += 1
        memory["rides"][rows[seen & riders(tracks)]] += 1
        self._pace(tracks, seen, time_s)
        rode = memory["rides"][rows] >= RIDES_SHARE * np.maximum(memory["looks"][rows], 1)
        vehicles = tracks[np.isin(tracks.labels, list(VEHICLES - {"motorcycle"}))]
        inside = covered_share(tracks.boxes, vehicles.boxes) >= INSIDE_SHARE
        walks = (memory["speed"][rows] <= FASTEST_WALK) & (self._least_m(tracks, time_s) <= FASTEST_WALK_M)
        return np.asarray((tracks.labels == "person") & ~rode & ~inside & walks, np.bool_)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._memory.forget(gone)
        if self._speeds is not None:
            self._speeds.forget(gone)

    def _least_m(self, tracks: Tracks, time_s: float) -> Areas:
        """Return (N,) metres per second over the ground, at the very least; 0 where that is not known."""
        if self._speeds is None:
            return np.zeros(len(tracks))
        speeds, errors = self._speeds.update(tracks, time_s)
        return np.nan_to_num(speeds - SURE * errors)

    def _pace(self, tracks: Tracks, seen: Flags, time_s: float) -> None:
        """Keep a speed of each track over about a second, in its own heights per second."""
        rows, memory = self._memory.rows(tracks.ids), self._memory
        at, heights = square(tracks.feet, self._aspect), tracks.boxes[:, 3] - tracks.boxes[:, 1]
        step = np.hypot(at[:, 0] - memory["x"][rows], at[:, 1] - memory["y"][rows])
        new, dt = np.isnan(step), np.maximum(time_s - memory["at_s"][rows], 1e-3)
        due = seen & (new | (dt >= PACE_S))
        speed = np.where(new, 0.0, step / np.maximum(heights, 1e-6) / dt)
        memory["speed"][rows[due]] = speed[due]
        memory["x"][rows[due]], memory["y"][rows[due]] = at[due, 0], at[due, 1]
        memory["at_s"][rows[due]] = time_s
