"""Report people on foot on a carriageway where nobody walks.

Riders are no pedestrians, nor is anybody inside a vehicle. One alarm while anybody is there; `detail` carries `people`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Flags
from edge.rules.base import Finding, Look, Rule, Scene, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.dwell import Dwell, tell_stay
from edge.rules.objects import VEHICLES, covered_share, riders
from edge.tracks import Tracks

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
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    def update(self, look: Look) -> Iterable[Finding]:
        people = look.tracks[_on_foot(look.tracks)].labelled(self.settings.labels)
        inside, stayed_s = self._dwell.update(people, look.time_s)
        on_road = inside & (stayed_s >= self.settings.after_s)
        yield from tell_stay(self._cause, look.time_s, people, on_road, inside, stayed_s, counted="people")

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._dwell.forget(track_ids)


def _on_foot(tracks: Tracks) -> Flags:
    vehicles = tracks[np.isin(tracks.labels, list(VEHICLES - {"motorcycle"}))]
    inside = covered_share(tracks.boxes, vehicles.boxes) >= INSIDE_SHARE
    return np.asarray((tracks.labels == "person") & ~riders(tracks) & ~inside, np.bool_)
