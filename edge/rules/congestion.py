"""Report that traffic in a zone is dense and slow, and when it flows again.

Density is the number of vehicles in the zone, speed is measured in vehicle lengths per second, so nothing needs to be
calibrated. It starts when both have been bad for `for_s` (longer than a red light) and ends when either has been good
for half as long. `detail` carries `level` ("slow" or "jam"), `vehicles`, and `lengths_per_s`, their median speed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas
from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.motion import Legs
from edge.rules.objects import VEHICLES, seen_objects
from edge.rules.windows import ShareOfTime

MOST_OF_THE_TIME: Final = 0.8
DENSE_ENOUGH_TO_STAY: Final = 0.7  # of `at_least`: below, the congestion dissolves
JAM_SPEED: Final = 0.15  # vehicle lengths per second


class CongestionSettings(ZoneRuleSettings):
    kind: Literal["congestion"] = Field(description="reports dense and slow traffic")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    at_least: int = Field(default=6, ge=2, le=10000, description="how many vehicles in the zone are dense")
    slow_below: float = Field(default=0.6, gt=0, le=10, description="vehicle lengths per second that are slow")
    for_s: float = Field(default=120.0, gt=0, le=3600, description="seconds for which it must be both")


class Congestion(Rule[CongestionSettings]):
    kind = "congestion"
    Settings = CongestionSettings
    says = ("Ùn tắc giao thông", "Traffic is congested")

    def __init__(self, settings: CongestionSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._legs = Legs(scene.aspect)
        self._bad = ShareOfTime(settings.for_s)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.for_s / 2
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        motion = self._legs.update(tracks, look.time_s)
        inside = self._zone.contains(tracks.feet)
        speeds = motion.speed[inside]
        is_bad = self._is_bad(speeds)
        share = self._bad.update(is_bad, look.time_s)
        if not is_bad or share < MOST_OF_THE_TIME:
            yield from self._cause.release(look.time_s)
            return
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s - self.settings.for_s,
            confidence=share,
            objects=() if self._cause.is_open else seen_objects(tracks, inside),
            detail=_detail(speeds),
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._legs.forget(track_ids)

    def _is_bad(self, speeds: Areas) -> bool:
        enough = self.settings.at_least * (DENSE_ENOUGH_TO_STAY if self._cause.is_open else 1.0)
        return len(speeds) >= enough and float(np.median(speeds)) < self.settings.slow_below


def _detail(speeds: Areas) -> dict[str, Any]:
    median = float(np.median(speeds))
    return {
        "level": "jam" if median < JAM_SPEED else "slow",
        "vehicles": len(speeds),
        "lengths_per_s": round(median, 2),
    }
