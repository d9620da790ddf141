"""Report vehicles that collide: they touch, and one of them is stopped or thrown off its way within a moment.

A crash is read from boxes: contact between two vehicles, one of which loses its speed, or turns far more sharply than
steering can, while the other is no part of its queue. It cannot see a crash that vehicles hide, one that leaves both
driving on, nor who is at fault. Off unless it is configured. `detail` carries `how`: "stopped" or "thrown".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas, Flags, Points
from edge.rules.base import Finding, Look, Rule, Scene, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.memory import Rows, TrackMemory
from edge.rules.objects import VEHICLES, seen_objects, sizes
from edge.tracks import Tracks

TOUCHES_IOU: Final = 0.02
DRIVES: Final = 0.6  # own sizes per second that count as driving
RUN: Final = 0.75  # own sizes that it must have gone one way: in a row of parked cars a box slides over half of one
STANDS: Final = 0.12  # and that count as standing
SUDDEN_S: Final = 1.2  # from driving to standing: braking for a light takes longer
THROWN: Final = 0.7  # change of velocity, in own sizes per second, across the direction of travel
SMOOTH_S: Final = 0.35
BEFORE_S: Final = 0.8  # the velocity "before" is the one of about this long ago
CORNERS: Final = ("x0", "y0", "x1", "y1")


class AccidentSettings(ZoneRuleSettings):
    kind: Literal["accident"] = Field(description="reports collisions of vehicles")
    severity: Severity = Field(default="critical", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    stands_s: float = Field(default=1.5, ge=0, le=60, description="seconds a stopped vehicle must stand in contact")
    gone_s: float = Field(default=30.0, ge=0, le=3600, description="seconds without any sign before it is over")


class Accident(Rule[AccidentSettings]):
    kind = "accident"
    Settings = AccidentSettings
    says = ("Tai nạn giao thông", "Vehicles have collided")

    def __init__(self, settings: AccidentSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._before_s = np.nan  # when the look before was
        self._memory = TrackMemory(
            x0=np.nan, y0=0.0, x1=0.0, y1=0.0, at_s=0.0, vx=0.0, vy=0.0, slow_vx=0.0, slow_vy=0.0, looks=0.0,
            px=0.0, py=0.0, run=0.0, drove_s=-np.inf, stood_since_s=np.inf, sudden=0.0,
        )  # fmt: skip
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks[look.tracks.seen_at(look.time_s)].labelled(self.settings.labels)
        rows = self._memory.rows(tracks.ids)
        size = sizes(tracks, self.scene.aspect)
        self._move(rows, _corners(tracks, self.scene.aspect), size, look.time_s)
        inside = self._zone.contains(tracks.centres)
        touches = _touching(tracks) & inside
        stopped = touches & self._stopped(rows, look.time_s)
        thrown = touches & self._thrown(rows)
        hit = stopped | thrown
        if not hit.any():
            yield from self._cause.release(look.time_s)
            return
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s - (self.settings.stands_s if stopped.any() else 0.0),
            confidence=0.5,
            objects=seen_objects(tracks, hit),
            detail={"how": "stopped" if stopped.any() else "thrown"},
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._memory.forget(track_ids)

    def _move(self, rows: Rows, corners: Points, size: Areas, time_s: float) -> None:
        """Keep two velocities of each vehicle, in its own sizes per second: of the moment, and of a moment before."""
        memory = self._memory
        # Whoever was lost for a look may be found in another one's place: that step has not been watched.
        unwatched = np.isnan(memory["x0"][rows]) | (memory["at_s"][rows] != self._before_s)
        self._before_s = time_s
        dt = np.maximum(time_s - memory["at_s"][rows], 1e-3)
        steps = corners - np.stack([memory[name][rows] for name in CORNERS], axis=1)
        per_s = np.where(unwatched, 0.0, 1 / (size * dt))[:, None]
        velocity = np.where(unwatched[:, None], 0.0, steps[:, :2] + steps[:, 2:]) / 2 * per_s
        for fast, slow, value in (("vx", "slow_vx", velocity[:, 0]), ("vy", "slow_vy", velocity[:, 1])):
            second = memory["looks"][rows] <= 1
            memory[fast][rows] += np.where(second, 1.0, np.minimum(1.0, dt / SMOOTH_S)) * (value - memory[fast][rows])
            memory[slow][rows] += np.where(second, 1.0, np.minimum(1.0, dt / BEFORE_S)) * (value - memory[slow][rows])
        for column, name in enumerate(CORNERS):
            memory[name][rows] = corners[:, column]
        memory["at_s"][rows] = time_s
        memory["looks"][rows] += 1
        self._note_stops(rows, np.where(unwatched[:, None], 0.0, _common(steps)) * per_s, dt, time_s)

    def _note_stops(self, rows: Rows, velocity: Points, dt: Areas, time_s: float) -> None:
        """Note who drives (two steps one way: one may be a box that changes hands) and who has come to stand.

        velocity: (N, 2) at which both sides of each box have gone along.
        """
        memory = self._memory
        before = np.stack([memory["px"][rows], memory["py"][rows]], axis=1)
        memory["px"][rows], memory["py"][rows] = velocity[:, 0], velocity[:, 1]
        one_way = np.sum(before * velocity, axis=1) > 0.5 * np.hypot(*before.T) * np.hypot(*velocity.T)
        memory["run"][rows] = np.where(one_way, memory["run"][rows], 0.0) + np.hypot(*velocity.T) * dt
        fast = (np.hypot(*before.T) >= DRIVES) & (np.hypot(*velocity.T) >= DRIVES)
        drives = one_way & fast & (memory["run"][rows] >= RUN)
        speed = np.hypot(memory["vx"][rows], memory["vy"][rows])
        stands = speed <= STANDS
        memory["drove_s"][rows[drives]] = time_s
        begins = stands & np.isinf(memory["stood_since_s"][rows])
        memory["stood_since_s"][rows[begins]] = time_s
        memory["sudden"][rows[begins]] = (time_s - memory["drove_s"][rows] <= SUDDEN_S)[begins]
        memory["stood_since_s"][rows[~stands & (speed > 2 * STANDS)]] = np.inf

    def _stopped(self, rows: Rows, time_s: float) -> Flags:
        memory = self._memory
        stood_s = time_s - memory["stood_since_s"][rows]
        return np.asarray((memory["sudden"][rows] > 0) & (stood_s >= self.settings.stands_s), np.bool_)

    def _thrown(self, rows: Rows) -> Flags:
        """Return (N,) True where the velocity has changed sharply across the way the vehicle went."""
        memory = self._memory
        now = np.stack([memory["vx"][rows], memory["vy"][rows]], axis=1)
        before = np.stack([memory["slow_vx"][rows], memory["slow_vy"][rows]], axis=1)
        length = np.maximum(np.hypot(*before.T), 1e-6)
        across = np.abs(now[:, 0] * before[:, 1] - now[:, 1] * before[:, 0]) / length
        return np.asarray((length >= DRIVES) & (across >= THROWN) & (memory["looks"][rows] >= 5), np.bool_)


def _corners(tracks: Tracks, aspect: float) -> Points:
    """Return (N, 4) the boxes in picture heights."""
    return np.asarray(tracks.boxes * np.array([aspect, 1.0, aspect, 1.0]), np.float64)


def _common(steps: Points) -> Points:
    """Return (N, 2) how far each box has moved, from (N, 4) how far its sides have.

    What moves takes both its sides along. Where only one moves, something has come before it, or has left.
    """
    low, high = steps[:, :2], steps[:, 2:]
    nearer = np.where(np.abs(low) < np.abs(high), low, high)
    return np.asarray(np.where(low * high > 0, nearer, 0.0), np.float64)


def _touching(tracks: Tracks) -> Flags:
    """Return (N,) True for each vehicle whose box overlaps another's a little, and is not the same object twice."""
    boxes = tracks.boxes.astype(np.float64)
    low, high = np.maximum(boxes[:, None, :2], boxes[None, :, :2]), np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=-1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    iou = both / np.maximum(areas[:, None] + areas[None] - both, 1e-12)
    np.fill_diagonal(iou, 0.0)
    return np.asarray(((iou >= TOUCHES_IOU) & (iou < 0.6)).any(axis=1), np.bool_)
