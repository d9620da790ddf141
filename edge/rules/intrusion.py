"""Report that somebody or something is in a zone where it must not be.

One alarm for each occupation of the zone: it starts when the first object has been inside for `after_s`, is updated
when others join, and ends when the zone has been empty for `gone_s`. `detail` carries `objects`, how many are inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from edge.rules.base import Finding, Look, Rule, Scene, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.dwell import Dwell, tell_stay
from edge.rules.filters import DirectionSettings


class IntrusionSettings(ZoneRuleSettings, DirectionSettings):
    kind: Literal["intrusion"] = Field(description="reports objects inside a forbidden zone")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    after_s: float = Field(default=1.0, ge=0, le=3600, description="seconds inside the zone before it is reported")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds the zone is empty before it is over")


class Intrusion(Rule[IntrusionSettings]):
    kind = "intrusion"
    Settings = IntrusionSettings
    says = ("Xâm nhập khu vực cấm", "Somebody is in a forbidden zone")

    def __init__(self, settings: IntrusionSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._dwell = Dwell(scene.zone(settings.zone))
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        inside, stayed_s = self._dwell.update(tracks, look.time_s)
        intruders = inside & (stayed_s >= self.settings.after_s)
        yield from tell_stay(self._cause, look.time_s, tracks, intruders, inside, stayed_s, counted="objects")

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._dwell.forget(track_ids)
