"""Report each object that crosses a virtual fence, once for each crossing, and in which direction.

`detail` carries `direction`: "right" is crossing towards the right-hand side of the line's from→to, as seen on screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.rules.base import Finding, Look, ObjectRuleSettings, Rule, Scene
from edge.rules.crossings import Crossing, Crossings
from edge.rules.objects import seen_objects

HESITATES_S: Final = 5.0  # who steps back and forth within this crosses once


class LineCrossingSettings(ObjectRuleSettings):
    kind: Literal["line_crossing"] = Field(description="reports each crossing of a line")
    line: str = Field(description="a line of this camera; 'right' is crossing towards the right-hand side of from→to")
    direction: Literal["both", "left", "right"] = Field(default="both", description="which crossings are reported")
    labels: frozenset[str] = Field(default=frozenset(), description="which labels count; empty means all")


class LineCrossing(Rule[LineCrossingSettings]):
    kind = "line_crossing"
    Settings = LineCrossingSettings
    says = ("Vượt hàng rào ảo", "Crossed a virtual fence")

    def __init__(self, settings: LineCrossingSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._crossings = Crossings(scene.lines[settings.line], scene.aspect)
        self._reported: dict[tuple[int, bool], float] = {}  # track and direction → when
        self._count = 0

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        for crossing in self._crossings.update(look.tracks, look.time_s):
            if self._matters(look, crossing):
                yield from self._report(look, crossing)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = set(track_ids)
        self._crossings.forget(gone)
        self._reported = {k: v for k, v in self._reported.items() if k[0] not in gone}

    def _matters(self, look: Look, crossing: Crossing) -> bool:
        wanted, label = self.settings.labels, str(look.tracks.labels[crossing.row])
        if wanted and label not in wanted:
            return False
        if self.settings.direction not in {"both", _name(crossing)}:
            return False
        last_s = self._reported.get((crossing.track, crossing.to_right), -np.inf)
        self._reported[crossing.track, crossing.to_right] = look.time_s
        return look.time_s - last_s > HESITATES_S

    def _report(self, look: Look, crossing: Crossing) -> Iterable[Finding]:
        """A crossing is over as soon as it is true."""
        self._count += 1
        which = np.arange(len(look.tracks)) == crossing.row
        for phase in ("start", "end"):
            yield Finding(
                kind=self.kind, phase=phase, key=f"{self.settings.name}#{self._count}",
                time_s=look.time_s, started_s=look.time_s, ended_s=look.time_s if phase == "end" else None,
                confidence=float(look.tracks.scores[crossing.row]), severity=self.settings.severity,
                line=self.settings.line, objects=seen_objects(look.tracks, which),
                detail={"direction": _name(crossing)},
            )  # fmt: skip


def _name(crossing: Crossing) -> Literal["left", "right"]:
    return "right" if crossing.to_right else "left"
