"""Where and why vehicles may stand: in a queue, and where others have waited before and driven on, as at lights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from scipy.sparse.csgraph import connected_components

from detectors.detections import Boxes
from edge.geometry import Areas, Flags, angle_between_deg, heading_deg
from edge.rules.memory import Rows, TrackMemory
from edge.rules.motion import Motion
from edge.rules.objects import sizes, square
from edge.rules.places import Grid
from edge.tracks import Tracks

QUEUE: Final = 3  # vehicles that came and stand close to one another; two may have collided
AHEAD_SIZES, BESIDE_SIZES = 4.0, 0.8  # of its own: where somebody stands in its way
SLOW: Final = 0.5  # sizes per second: who goes no faster holds up those behind
CLOSE_SIZES: Final = 2.0  # between the middles of neighbours in a queue, in sizes of the larger
SAME_WAY_DEG: Final = 60.0
FLOWS_S: Final = 1.5  # a vehicle that ended a leg this recently is driving
WAITS_S: Final = 3.0  # a stop shorter than this is no wait
DRIVES_ON_S: Final = 3.0  # a second leg within so long: it has driven on, its box has not just crept
ENOUGH_WAITS: Final = 2.0  # vehicles that waited at a place lately, before it counts as one to wait at
HALVES_S: Final = 900.0  # half of what was learned is forgotten in this time
PATIENCE: Final = 2.5  # times the mean wait: a red light is met at any moment, so twice the mean, and some more


class WaitingPlaces:
    """A coarse grid of the picture that knows where vehicles wait and drive on, and for how long."""

    def __init__(self) -> None:
        self._count, self._mean_s, self._at_s = Grid(0.0), Grid(0.0), Grid(-np.inf)

    def learn(self, box: Boxes, waited_s: float, time_s: float) -> None:
        """Note that a vehicle waited in `box` (4,) and drove on."""
        count, mean_s, at_s = (grid.within(box) for grid in (self._count, self._mean_s, self._at_s))
        faded = count * 0.5 ** ((time_s - at_s) / HALVES_S)
        count[...] = faded + 1
        mean_s += (waited_s - mean_s) / count
        at_s[...] = time_s

    def usual_s(self, boxes: Boxes, time_s: float) -> Areas:
        """Return (N,) seconds for which it is usual to wait in each of `boxes` (N, 4); 0 where nobody does."""
        return np.array([self._usual_s(box, time_s) for box in boxes], np.float64)

    def _usual_s(self, box: Boxes, time_s: float) -> float:
        count, mean_s, at_s = (grid.within(box) for grid in (self._count, self._mean_s, self._at_s))
        known = count * 0.5 ** ((time_s - at_s) / HALVES_S) >= ENOUGH_WAITS * 0.9
        return PATIENCE * float(np.median(mean_s[known])) if known.mean() > 0.5 else 0.0


class Waiting:
    """Tells of each vehicle that stands whether it waits in a queue that does not move, and how long is usual there."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._places = WaitingPlaces()
        self._memory = TrackMemory(waited_s=0.0, x0=0.0, y0=0.0, x1=0.0, y1=0.0, drove_s=-np.inf, heading_deg=np.nan)

    def update(self, tracks: Tracks, motion: Motion, time_s: float) -> None:
        """Take in how the tracks move, and learn from those that drive on."""
        rows, memory = self._memory.rows(tracks.ids), self._memory
        # A leg of a vehicle that crawls may be its box settling: the last one at driving pace tells where it heads.
        drives = motion.ended & ((motion.took_s <= DRIVES_ON_S) | np.isnan(memory["heading_deg"][rows]))
        memory["heading_deg"][rows[drives]] = heading_deg(motion.steps[drives])
        drives_on = motion.ended & (motion.took_s <= DRIVES_ON_S) & (memory["waited_s"][rows] >= WAITS_S)
        for row in np.flatnonzero(drives_on):  # a vehicle that drives off: a few in a minute
            box = np.array([memory[name][rows[row]] for name in ("x0", "y0", "x1", "y1")], np.float32)
            self._places.learn(box, float(memory["waited_s"][rows[row]]), time_s)
        memory["waited_s"][rows[motion.ended]] = np.where(motion.took_s >= WAITS_S, motion.took_s, 0.0)[motion.ended]
        stands = ~motion.ended & (motion.still_s >= WAITS_S) & tracks.seen_at(time_s)
        for name, side in zip(("x0", "y0", "x1", "y1"), tracks.boxes.T, strict=True):
            memory[name][rows[stands]] = side[stands]

    def usual_s(self, tracks: Tracks, time_s: float) -> Areas:
        """Return (N,) seconds for which it is usual to wait where each track is."""
        return self._places.usual_s(tracks.boxes, time_s)

    def held_up(self, tracks: Tracks, motion: Motion, came: Flags, time_s: float) -> Flags:
        """Return (N,) True for each vehicle that has somebody in its way, or is in a queue that nobody overtakes.

        Only vehicles that came count: those parked along the road are no queue.
        """
        stands = came & (motion.still_s > FLOWS_S)
        queued = self._queued(tracks, stands)
        passed = self._overtaken(tracks, came & (motion.still_s <= FLOWS_S) & tracks.seen_at(time_s))
        return self._blocked(tracks, came & (motion.speed <= SLOW)) | (queued & ~passed)

    def _overtaken(self, tracks: Tracks, drives: Flags) -> Flags:
        """Return (N,) True where one of those who drive goes the same way; who came from nowhere goes every way."""
        headings = self._memory["heading_deg"][self._memory.rows(tracks.ids)]
        apart = angle_between_deg(headings[:, None], headings[None, drives])
        return np.asarray((~(apart > SAME_WAY_DEG)).any(axis=1), np.bool_)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._memory.forget(track_ids)

    def _blocked(self, tracks: Tracks, slow: Flags) -> Flags:
        """Return (N,) True where one of the slow, going the same way as far as is known, is straight ahead."""
        headings = self._memory["heading_deg"][self._memory.rows(tracks.ids)]
        at, size = square(tracks.centres, self._aspect), sizes(tracks, self._aspect)
        way = np.stack([np.sin(np.radians(headings)), -np.cos(np.radians(headings))], axis=1)
        step = at[None] - at[:, None]
        ahead = np.sum(step * way[:, None], axis=2)
        beside = np.abs(step[..., 0] * way[:, None, 1] - step[..., 1] * way[:, None, 0])
        near = (ahead > 0) & (ahead <= AHEAD_SIZES * size[:, None]) & (beside <= BESIDE_SIZES * size[:, None])
        same_way = ~(angle_between_deg(headings[:, None], headings[None]) > SAME_WAY_DEG)
        return np.asarray((near & same_way & slow[None]).any(axis=1), np.bool_)

    def _queued(self, tracks: Tracks, stands: Flags) -> Flags:
        """Return (N,) True for those that stand in a chain of at least `QUEUE` neighbours."""
        queued = np.zeros(len(tracks), np.bool_)
        rows: Rows = np.flatnonzero(stands)
        if len(rows) < QUEUE:
            return queued
        at, size = square(tracks.centres[rows], self._aspect), sizes(tracks[rows], self._aspect)
        apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
        near = apart <= CLOSE_SIZES * np.maximum(size[:, None], size[None])
        _, chain = connected_components(near, directed=False)
        queued[rows] = np.bincount(chain)[chain] >= QUEUE
        return queued
