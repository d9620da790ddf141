"""Report a vehicle that drives against the allowed direction of a zone.

Directions are those seen on screen: degrees clockwise from "up". A vehicle goes wrong when it keeps off the allowed
direction by more than the tolerance for its own length and more; a box that jitters does not. One alarm for what drives
wrong together; `detail` carries `heading_deg`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas, Flags, angle_between_deg, heading_deg
from edge.rules.base import Finding, Look, Rule, Scene, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.memory import TrackMemory
from edge.rules.motion import Legs, Motion
from edge.rules.objects import LINGER_S, VEHICLES, seen_objects, sizes
from edge.tracks import Tracks

WRONG_SIZES: Final = 0.9  # so many of its own sizes must it go wrong
WRONG_LEGS: Final = 2  # in so many legs at least
MOST_OF_A_LEG: Final = 0.6  # own sizes that one leg counts for: a box that changes hands jumps further
SAME_WAY_DEG: Final = 60.0  # between two legs of one wrong drive


class WrongWaySettings(ZoneRuleSettings):
    kind: Literal["wrong_way"] = Field(description="reports vehicles against the allowed direction")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    allowed_deg: float = Field(ge=0, lt=360, description="allowed direction on screen, clockwise from up; right is 90")
    tolerance_deg: float = Field(default=60.0, gt=0, le=150, description="how far off it a vehicle may drive")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without one before it is over")


class WrongWay(Rule[WrongWaySettings]):
    kind = "wrong_way"
    Settings = WrongWaySettings
    says = ("Xe đi ngược chiều", "A vehicle drives the wrong way")

    def __init__(self, settings: WrongWaySettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._legs = Legs(scene.aspect)
        self._wrong = TrackMemory(length=0.0, legs=0.0, since_s=0.0, heading_deg=0.0, seen_s=np.nan)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        motion = self._legs.update(tracks, look.time_s)
        inside = self._zone.contains(tracks.feet) & tracks.seen_at(look.time_s)
        self._judge(tracks, motion, look.time_s)
        rows = self._wrong.rows(tracks.ids)
        enough = self._wrong["length"][rows] >= WRONG_SIZES * sizes(tracks, self.scene.aspect)
        wrong = inside & enough & (self._wrong["legs"][rows] >= WRONG_LEGS)
        if not wrong.any():
            yield from self._cause.release(look.time_s)
            return
        first = rows[wrong][0]
        yield from self._cause.hold(
            look.time_s,
            since_s=float(self._wrong["since_s"][rows[wrong]].min()),
            confidence=float(tracks.scores[wrong].max()),
            objects=seen_objects(tracks, wrong),
            detail={"heading_deg": round(float(self._wrong["heading_deg"][first]), 1)},
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._legs.forget(gone)
        self._wrong.forget(gone)

    def _judge(self, tracks: Tracks, motion: Motion, time_s: float) -> None:
        """Add each leg that went wrong; one that went right, or another way than the last, clears the record.

        A leg that ends after a while out of sight is neither: it may lead to the next vehicle behind.
        """
        rows, wrong = self._wrong.rows(tracks.ids), self._wrong
        ended = motion.ended & (time_s - np.fmax(wrong["seen_s"][rows], tracks.started_s) <= LINGER_S)
        wrong["seen_s"][rows] = tracks.seen_s
        headings = heading_deg(motion.steps)
        off = self._off(headings) & self._zone.contains(tracks.feet)
        right = ended & ~off
        bad = ended & off
        turned = bad & (angle_between_deg(headings, wrong["heading_deg"][rows]) > SAME_WAY_DEG)
        for name in ("length", "legs"):
            wrong[name][rows[right | turned]] = 0.0
        fresh = bad & (wrong["legs"][rows] == 0)
        wrong["since_s"][rows[fresh]] = time_s - motion.took_s[fresh]
        most = MOST_OF_A_LEG * sizes(tracks[bad], self.scene.aspect)
        wrong["length"][rows[bad]] += np.minimum(np.hypot(*motion.steps[bad].T), most)
        wrong["legs"][rows[bad]] += 1
        wrong["heading_deg"][rows[bad]] = headings[bad]

    def _off(self, headings: Areas) -> Flags:
        off_deg = angle_between_deg(headings, self.settings.allowed_deg)
        return np.asarray(off_deg > self.settings.tolerance_deg, np.bool_)
