"""Report something that lies on the carriageway: fallen cargo, a branch, a tyre, whatever it is.

Draw the carriageway as a zone. What stands there and is known as a vehicle or a person is none (`stopped_vehicle` and
`pedestrian_on_road` tell of those), nor is anything while such stand right beside it: it may be their shadow. One alarm
while anything lies there; `detail` carries `still_s`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.rules.base import Look, Severity
from edge.rules.objects import there
from edge.rules.still_life import Spot
from edge.rules.still_rule import MOVERS, StillRule, StillSettings, beside


class ObstacleSettings(StillSettings):
    kind: Literal["obstacle"] = Field(description="reports things that lie on the road")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    after_s: float = Field(default=10.0, gt=0, le=86400, description="seconds it lies there before it is reported")


class Obstacle(StillRule[ObstacleSettings]):
    kind = "obstacle"
    Settings = ObstacleSettings
    says = ("Vật cản trên mặt đường", "Something lies on the road")

    def _counts(self, spot: Spot, look: Look) -> bool:
        lies_s = look.time_s - spot.since_s
        if self._cause.names(spot.number):
            return True
        lies = lies_s >= self.settings.after_s and spot.evidence > 0 and spot.is_solid(look.time_s)
        movers = look.tracks[there(look.tracks, look.time_s)].labelled(MOVERS)
        return lies and not beside(spot, movers)  # it may be a shadow, a door, or a hand
