"""How each object moves, in legs: a leg is over when the object is clearly elsewhere, however its box jitters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.geometry import Areas, Flags, Points
from edge.rules.memory import Rows, TrackMemory
from edge.rules.objects import sizes, square
from edge.tracks import Tracks

LEG_SHARE: Final = 0.3  # of the object's size: this far from where the leg began, it has moved
SHORTEST_LEG: Final = 0.01  # of the picture's height
RUN_LEGS, RUN_SIZES = 3, 1.0  # so many legs one way and so far: it drives; less is boxes that change hands in a row
CREEPS_S: Final = 3.0  # a leg that takes longer is a box that creeps, or traffic that crawls
ONE_WAY: Final = 0.5  # cosine: a leg within 60 degrees of the run so far goes on with it


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """What each of N tracks does just now."""

    ended: Flags  # a leg has just ended
    steps: Points  # (N, 2) from its beginning to its end, in picture heights; zeros where none ended
    took_s: Areas  # how long that leg took; 0 where none ended
    still_s: Areas  # seconds since the last leg ended (or since it was first seen)
    legs: Areas  # how many legs it has gone
    drove: Flags  # it has been seen to drive, or walk, or ride, at some time
    speed: Areas  # its own sizes per second, at most


class Legs:
    """Remembers where and when each track's present leg began."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._before_s = np.nan  # when the look before was
        self._memory = TrackMemory(
            x=np.nan, y=0.0, since_s=0.0, speed=0.0, run_x=0.0, run_y=0.0, run_legs=0.0, legs=0.0, drove=0.0
        )

    def update(self, tracks: Tracks, time_s: float) -> Motion:
        """Take in where the tracks are. Only what is seen moves; a prediction does not."""
        rows, memory = self._memory.rows(tracks.ids), self._memory
        at, size = square(tracks.centres, self._aspect), sizes(tracks, self._aspect)
        seen, new = tracks.seen_at(time_s), np.isnan(memory["x"][rows])
        self._set(rows[new], at[new], time_s)
        # A track is shown at its second look: its first leg begins where it was at the first one.
        began = new & (tracks.started_s == self._before_s)
        self._set(rows[began], square(tracks.previous_centres[began], self._aspect), self._before_s)
        self._before_s = time_s
        step = at - np.stack([memory["x"][rows], memory["y"][rows]], axis=1)
        length = np.hypot(step[:, 0], step[:, 1])
        took_s = time_s - memory["since_s"][rows]
        ended = seen & (~new | began) & (length > np.maximum(LEG_SHARE * size, SHORTEST_LEG))
        speed = length / size / np.maximum(took_s, 1e-3)
        self._run(rows[ended], step[ended], size[ended], took_s[ended])
        memory["speed"][rows[ended]] = speed[ended]
        self._set(rows[ended], at[ended], time_s)
        still_s = time_s - memory["since_s"][rows]
        return Motion(
            ended=ended,
            steps=np.where(ended[:, None], step, 0.0),
            took_s=np.where(ended, took_s, 0.0),
            still_s=still_s,
            legs=memory["legs"][rows],
            drove=memory["drove"][rows] > 0,
            # It goes no faster than its last leg, nor than would have ended the present one by now.
            speed=np.minimum(memory["speed"][rows], LEG_SHARE / np.maximum(still_s, 1e-3)),
        )

    def forget(self, track_ids: Iterable[int]) -> None:
        self._memory.forget(track_ids)

    def __len__(self) -> int:
        return len(self._memory)

    def _run(self, rows: Rows, steps: Points, sizes_: Areas, took_s: Areas) -> None:
        """Add each leg to the run it continues, or begin another run with it; a creeping one belongs to none."""
        memory = self._memory
        run = np.stack([memory["run_x"][rows], memory["run_y"][rows]], axis=1)
        lengths = np.hypot(*run.T) * np.hypot(*steps.T)
        goes_on = np.sum(run * steps, axis=1) > ONE_WAY * lengths
        run = np.where(goes_on[:, None], run + steps, steps)
        memory["run_x"][rows], memory["run_y"][rows] = run[:, 0], run[:, 1]
        memory["legs"][rows] += 1
        legs = np.where(goes_on, memory["run_legs"][rows] + 1, 1)
        memory["run_legs"][rows] = np.where(took_s <= CREEPS_S, legs, 0)
        drives = (memory["run_legs"][rows] >= RUN_LEGS) & (np.hypot(*run.T) >= RUN_SIZES * sizes_)
        memory["drove"][rows[drives]] = 1.0

    def _set(self, rows: Rows, at: Points, time_s: float) -> None:
        self._memory["x"][rows], self._memory["y"][rows] = at[:, 0], at[:, 1]
        self._memory["since_s"][rows] = time_s
