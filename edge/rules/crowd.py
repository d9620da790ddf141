"""Report that many objects gather in a zone.

It starts when at least `at_least` have been counted inside for `for_s`, and ends when there have been fewer for as long
(never under 5 s), so that a group around the threshold is one alarm. `detail` carries `count`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import GONE_S, Cause
from edge.rules.objects import riders, seen_objects
from edge.rules.windows import ShareOfTime

MOST_OF_THE_TIME: Final = 0.8  # people hide each other: a group is one although it is miscounted now and then


class CrowdSettings(ZoneRuleSettings):
    kind: Literal["crowd"] = Field(description="reports many objects in one place")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels count; empty means all")
    at_least: int = Field(ge=2, le=10000, description="how many make a crowd")
    for_s: float = Field(default=10.0, ge=0, le=3600, description="seconds for which they must be there")


class Crowd(Rule[CrowdSettings]):
    kind = "crowd"
    Settings = CrowdSettings
    says = ("Tụ tập đông người", "Many people gather")

    def __init__(self, settings: CrowdSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._enough = ShareOfTime(settings.for_s)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=max(settings.for_s, GONE_S)
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        inside = self._zone.contains(tracks.feet) & ~(riders(look.tracks)[np.isin(look.tracks.ids, tracks.ids)])
        count = int(np.count_nonzero(inside))
        share = self._enough.update(count >= self.settings.at_least, look.time_s)
        if share < MOST_OF_THE_TIME or (count < self.settings.at_least and not self._cause.is_open):
            yield from self._cause.release(look.time_s)
            return
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s - self.settings.for_s,
            confidence=share,
            objects=() if self._cause.is_open else seen_objects(tracks, inside),
            detail={"count": count},
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)
