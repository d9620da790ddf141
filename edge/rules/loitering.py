"""Report somebody who stays in a zone longer than passing through takes.

One alarm for each spell: it starts when somebody has been inside for `after_s`, is updated when others have too, and
ends when nobody who stayed that long has been there for `gone_s`. `detail` carries `stayed_s`, the longest stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.dwell import Dwell
from edge.rules.objects import seen_objects

STEPS_OUT_S = 3.0  # who steps out and back within this has not left


class LoiteringSettings(ZoneRuleSettings):
    kind: Literal["loitering"] = Field(description="reports people who stay too long")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels count; empty means all")
    after_s: float = Field(default=60.0, gt=0, le=86400, description="seconds inside the zone before it is reported")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without a loiterer before it is over")


class Loitering(Rule[LoiteringSettings]):
    kind = "loitering"
    Settings = LoiteringSettings
    says = ("Lảng vảng lâu bất thường", "Somebody stays unusually long")

    def __init__(self, settings: LoiteringSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._dwell = Dwell(scene.zone(settings.zone), STEPS_OUT_S)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        _, stayed_s = self._dwell.update(tracks, look.time_s)
        loiterers = stayed_s >= self.settings.after_s
        if not loiterers.any():
            yield from self._cause.release(look.time_s)
            return
        longest_s = float(stayed_s[loiterers].max())
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s - longest_s,
            confidence=float(tracks.scores[loiterers].max()),
            objects=seen_objects(tracks, loiterers),
            detail={"stayed_s": round(longest_s, 1)},
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._dwell.forget(track_ids)
