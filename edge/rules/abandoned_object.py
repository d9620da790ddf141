"""Report something that was put down and left, whatever it is: no list of luggage is needed.

It must lie still for `after_s`, have been brought by something that moved, and have nobody who brought it, or anybody
who lingers, beside it for a moment. What came with a vehicle is its shadow, or being unloaded, while one stands there.
One alarm while anything lies there; `detail` carries `still_s`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.rules.base import Look, Scene
from edge.rules.objects import VEHICLES, square, there
from edge.rules.still_life import Spot
from edge.rules.still_rule import StillRule, StillSettings, beside

BESIDE: Final = 1.0  # of a person's height: so near is beside it
BRINGS_S: Final = 3.0  # who was beside it within this of its coming has brought it
LINGERS_S: Final = 6.0  # who has been beside it for this long looks after it
ALONE_S: Final = 2.0  # so long must it be alone


class AbandonedObjectSettings(StillSettings):
    kind: Literal["abandoned_object"] = Field(description="reports things that were put down and left")
    after_s: float = Field(default=30.0, gt=0, le=86400, description="seconds it lies still before it is reported")


class AbandonedObject(StillRule[AbandonedObjectSettings]):
    kind = "abandoned_object"
    Settings = AbandonedObjectSettings
    says = ("Có vật bị bỏ lại", "Something has been left behind")

    def __init__(self, settings: AbandonedObjectSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._owners: dict[int, set[int]] = {}  # spot → tracks that brought it
        self._driven: set[int] = set()  # spots beside which a vehicle was when they came
        self._beside_since: dict[tuple[int, int], float] = {}  # (spot, track) → since when beside it
        self._attended_s: dict[int, float] = {}  # spot → when somebody was last with it

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = set(track_ids)
        self._beside_since = {k: v for k, v in self._beside_since.items() if k[1] not in gone}
        self._owners = {spot: owners - gone for spot, owners in self._owners.items()}

    def _counts(self, spot: Spot, look: Look) -> bool:
        self._watch_over(spot, look)
        alone_s = look.time_s - self._attended_s.get(spot.number, spot.since_s)
        lies_s = look.time_s - spot.since_s
        told = self._cause.names(spot.number)
        is_left = lies_s >= self.settings.after_s and alone_s >= ALONE_S and spot.evidence > 0
        return told or (is_left and spot.is_solid(look.time_s))

    def _watch_over(self, spot: Spot, look: Look) -> None:
        """Note who brought the thing and who stays with it; forget what concerns spots that are no more."""
        alive = {s.number for s in self._life.spots}
        self._driven &= alive
        self._owners = {k: v for k, v in self._owners.items() if k in alive}
        self._attended_s = {k: v for k, v in self._attended_s.items() if k in alive}
        people = self._people_beside(spot, look)
        parked = beside(spot, look.tracks[there(look.tracks, look.time_s)].labelled(VEHICLES))
        self._beside_since = {
            k: v for k, v in self._beside_since.items() if k[0] in alive and (k[0] != spot.number or k[1] in people)
        }
        owners = self._owners.setdefault(spot.number, set())
        if look.time_s - spot.since_s <= BRINGS_S:
            owners |= people
            self._driven |= {spot.number} if parked else set()
        since = {t: self._beside_since.setdefault((spot.number, t), look.time_s) for t in people}
        with_people = any(t in owners or look.time_s - s >= LINGERS_S for t, s in since.items())
        if with_people or (parked and spot.number in self._driven):
            self._attended_s[spot.number] = look.time_s

    def _people_beside(self, spot: Spot, look: Look) -> set[int]:
        people = look.tracks[there(look.tracks, look.time_s)].labelled({"person"})
        if not len(people):
            return set()
        foot = square(np.array([(spot.box[0] + spot.box[2]) / 2, spot.box[3]]), self.scene.aspect)
        away = np.hypot(*(square(people.feet, self.scene.aspect) - foot).T)
        heights = people.boxes[:, 3] - people.boxes[:, 1]
        return set(people.ids[away <= BESIDE * heights].tolist())
