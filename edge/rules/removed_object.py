"""Report that something which belonged to the scene has been taken away.

Draw a zone around what must not go. Its place must look like its surroundings from then on, for `after_s`, after
something moved there. One alarm; `detail` carries `still_s`, since when it is gone.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge.rules.base import Look, Severity
from edge.rules.still_life import Spot
from edge.rules.still_rule import StillRule, StillSettings


class RemovedObjectSettings(StillSettings):
    kind: Literal["removed_object"] = Field(description="reports things that were taken away")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    after_s: float = Field(default=10.0, gt=0, le=86400, description="seconds it is gone before it is reported")


class RemovedObject(StillRule[RemovedObjectSettings]):
    kind = "removed_object"
    Settings = RemovedObjectSettings
    says = ("Có vật bị lấy đi", "Something has been taken away")

    proven_s = 20.0  # what has not been there for so long does not belong to the scene

    def _counts(self, spot: Spot, look: Look) -> bool:
        gone_s = look.time_s - spot.since_s
        told = self._cause.names(spot.number)
        return told or (gone_s >= self.settings.after_s and spot.evidence < 0 and spot.is_solid(look.time_s))
