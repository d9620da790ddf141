"""Which vehicles are part of the traffic: those that have moved, or stand where others drive. Parked cars are not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from edge.geometry import Flags
from edge.rules.memory import TrackMemory
from edge.rules.motion import Legs
from edge.rules.places import Grid
from edge.tracks import Tracks

FOOT: Final = 0.4  # of a box's height, from below: what stands behind is overlapped by the rest
REMEMBERS_S: Final = 1800.0  # a lane on which nobody has driven for so long may have become a place to park
MOVES_LEGS: Final = 2  # one leg may be a box that changes hands
DRIVEN: Final = 0.5  # of the place's cells


class Traffic:
    """Remembers where vehicles drive, and which ones have."""

    def __init__(self, aspect: float) -> None:
        self._legs = Legs(aspect)
        self._driven_s = Grid(-np.inf)
        self._moved = TrackMemory(moved=0.0)

    def update(self, tracks: Tracks, time_s: float) -> Flags:
        """Return (N,) True for each vehicle that is part of the traffic."""
        motion, rows = self._legs.update(tracks, time_s), self._moved.rows(tracks.ids)
        self._moved["moved"][rows[motion.legs >= MOVES_LEGS]] = 1.0
        moved = self._moved["moved"][rows] > 0
        feet = tracks.boxes.copy()
        feet[:, 1] += (1 - FOOT) * (feet[:, 3] - feet[:, 1])
        for box in feet[motion.ended & motion.drove]:  # who has just gone a leg: a few
            self._driven_s.within(box)[...] = time_s
        on_lane = [bool(np.mean(time_s - self._driven_s.within(box) <= REMEMBERS_S) >= DRIVEN) for box in feet[~moved]]
        part = moved.copy()
        part[~moved] = on_lane
        return np.asarray(part, np.bool_)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._legs.forget(gone)
        self._moved.forget(gone)
