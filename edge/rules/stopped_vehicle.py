"""Report a vehicle that drove and then stands in a zone for longer than it should.

What was parked when the camera began is none: only what has been seen driving can stop, or what has moved at least a
little and now stands where nothing stood before (a crash leaves no time to watch it drive). Nor is what waits: behind
somebody who stands, or in a queue (three that came and stand close) which nobody passes, seconds do not count; and
where vehicles have waited before and driven on, as at lights, a wait of the usual length is none. Set
`while_others_move` to count, everywhere, only the seconds in which others drive through the zone. One alarm while any
vehicle stands there; `detail` carries `stood_s`, the longest stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas, Flags, cut_by_border, cut_by_sides
from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.memory import TrackMemory
from edge.rules.motion import Legs, Motion
from edge.rules.objects import VEHICLES, seen_objects
from edge.rules.places import StandingPlaces
from edge.rules.waiting import FLOWS_S, Waiting
from edge.tracks import Tracks

STANDS_S: Final = 1.5  # from then on its place is taken
ARRIVING_LEGS: Final = 2  # one may be a box that changes hands between neighbours
FREE: Final = 0.3  # of a place may have been taken before, by a neighbour
SETTLES_S: Final = 5.0  # of watching, before which nobody knows what stood where
LONGEST_STEP_S: Final = 2.0


class StoppedVehicleSettings(ZoneRuleSettings):
    kind: Literal["stopped_vehicle"] = Field(description="reports vehicles that stand where they should not")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    after_s: float = Field(default=30.0, gt=0, le=86400, description="seconds it stands before it is reported")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without one before it is over")
    waiting: bool = Field(default=True, description="take queues, and waits where vehicles usually wait, for none")
    while_others_move: bool = Field(default=False, description="count only seconds in which others drive: for lights")


class StoppedVehicle(Rule[StoppedVehicleSettings]):
    kind = "stopped_vehicle"
    Settings = StoppedVehicleSettings
    says = ("Xe dừng đỗ sai nơi quy định", "A vehicle has stopped where it should not")

    def __init__(self, settings: StoppedVehicleSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._legs = Legs(scene.aspect)
        self._places = StandingPlaces()
        self._waiting = Waiting(scene.aspect)
        self._stood = TrackMemory(excused_s=0.0, took_place=0.0, came=0.0)
        self._began_s: float | None = None
        self._last_s = 0.0
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        motion = self._legs.update(tracks, look.time_s)
        inside = self._zone.contains(tracks.feet)
        stood_s = self._stand(tracks, motion, inside, look.time_s)
        standing = inside & (stood_s >= self.settings.after_s) & ~cut_by_sides(tracks.boxes)
        if self.settings.waiting and standing.any():
            standing &= stood_s >= self._waiting.usual_s(tracks, look.time_s)
        if not standing.any():
            yield from self._cause.release(look.time_s)
            return
        longest_s = float(stood_s[standing].max())
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s - longest_s,
            confidence=float(tracks.scores[standing].max()),
            objects=seen_objects(tracks, standing),
            detail={"stood_s": round(longest_s, 1)},
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._legs.forget(gone)
        self._stood.forget(gone)
        self._waiting.forget(gone)

    def _stand(self, tracks: Tracks, motion: Motion, inside: Flags, time_s: float) -> Areas:
        """Return (N,) seconds that each vehicle has stood, as far as they count."""
        if self._began_s is None:
            self._began_s = self._last_s = time_s
        step_s, self._last_s = min(time_s - self._last_s, LONGEST_STEP_S), time_s
        came = self._came(tracks, motion, time_s)
        self._waiting.update(tracks, motion, time_s)
        rows, excused_s = self._stood.rows(tracks.ids), self._stood["excused_s"]
        excused_s[rows[motion.ended]] = 0.0
        excused_s[rows[self._excused(tracks, motion, inside, came, time_s)]] += step_s
        return np.where(came, np.maximum(motion.still_s - excused_s[rows], 0.0), 0.0)

    def _excused(self, tracks: Tracks, motion: Motion, inside: Flags, came: Flags, time_s: float) -> Flags:
        """Return (N,) True for those whose seconds do not count just now."""
        if self.settings.while_others_move and not (inside & came & (motion.still_s <= FLOWS_S)).any():
            return np.ones(len(tracks), np.bool_)
        if not self.settings.waiting:
            return np.zeros(len(tracks), np.bool_)
        return self._waiting.held_up(tracks, motion, came, time_s)

    def _came(self, tracks: Tracks, motion: Motion, time_s: float) -> Flags:
        """Return (N,) True for what drove here, or moved a little and stands where nothing stood before."""
        rows, memory = self._stood.rows(tracks.ids), self._stood
        stands = tracks.seen_at(time_s) & (motion.still_s >= STANDS_S)
        memory["took_place"][rows[motion.ended]] = 0.0
        whole = ~cut_by_border(tracks.boxes)  # the middle of a box that is cut moves with the cut
        settles = stands & (memory["took_place"][rows] == 0) & whole
        free = np.zeros(len(tracks), np.bool_)
        free[settles] = self._places.taken(tracks.boxes[settles], time_s) < FREE
        watched = self._began_s is not None and time_s - self._began_s >= SETTLES_S
        memory["came"][rows[(motion.drove & whole) | (free & watched & (motion.legs >= ARRIVING_LEGS))]] = 1.0
        memory["took_place"][rows[settles]] = 1.0
        self._places.take(tracks.boxes[stands], time_s)
        return np.asarray(memory["came"][rows] > 0, np.bool_)
