"""Report that something which belonged to the scene has been taken away.

Draw a zone around what must not go. It must have been seen there for a while, and its place must look like its
surroundings from then on, for `after_s`, after something moved there. One alarm; `detail` carries `still_s`.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from edge.rules.base import Look, Severity
from edge.rules.still_life import Spot
from edge.rules.still_rule import StillRule, StillSettings

SEEN_S: Final = 10.0  # so long must it have been plainly there: others stand in front of it now and then


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
        is_gone = gone_s >= self.settings.after_s and spot.evidence < 0 and spot.usual_s >= SEEN_S
        return told or (is_gone and spot.is_solid(look.time_s))
