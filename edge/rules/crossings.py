"""Which objects have crossed a drawn line, each once, however they jitter, stop or vanish on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.geometry import Areas, Points, distance_to_line
from edge.rules.memory import Rows, TrackMemory
from edge.rules.objects import sizes, square
from edge.tracks import Tracks

BAND_SHARE: Final = 0.08  # of the object's size: this far beyond the line it has crossed, whatever its box does
NARROWEST, WIDEST = 0.004, 0.03  # of the picture's height
ENDS_SHARE: Final = 0.25  # of the object's size: feet this far beside an end of the line still cross it
SAME_OBJECT_IOU: Final = 0.5  # two tracks this much alike that cross together are one object, seen twice
TOGETHER_S: Final = 2.0
LONG_GAP_S: Final = 1.0  # a crossing that nobody saw for longer is uncertain


@dataclass(frozen=True, slots=True)
class Crossing:
    """One object's passage over the line."""

    row: int  # in the look's tracks
    track: int
    to_right: bool  # towards the right-hand side of from→to
    unseen_s: float  # how long the object was out of sight while it crossed


class Crossings:
    """Remembers on which side of one line each track was last for certain.

    A track changes sides when its feet are a band beyond the line, and crosses when its path between the two sides led
    over the drawn segment. Only measured positions count: a predicted box can drift over a line that its object never
    reached. Where the object was not seen, the straight way between its last and its next sighting is its path.
    """

    def __init__(self, line: Points, aspect: float) -> None:
        self._start, self._end = square(line, aspect)
        self._aspect = aspect
        self._memory = TrackMemory(side=0.0, x=0.0, y=0.0, seen_s=np.nan, where=np.nan, unseen_s=0.0)
        self._crossed: dict[int, tuple[float, bool]] = {}  # track → when and where to, for `TOGETHER_S`

    def update(self, tracks: Tracks, time_s: float) -> list[Crossing]:
        """Return the crossings that have become certain at this look."""
        self._crossed = {i: c for i, c in self._crossed.items() if time_s - c[0] <= TOGETHER_S}
        seen = np.flatnonzero(tracks.seen_at(time_s))
        if not len(seen):
            return []
        tracks_now = tracks[seen]
        feet = square(tracks_now.feet, self._aspect)
        rows = self._memory.rows(tracks_now.ids)
        self._begin(rows, tracks_now, time_s)
        size = sizes(tracks_now, self._aspect)
        beyond = distance_to_line(feet, self._start, self._end)
        self._step(rows, feet, beyond, time_s)
        certain = np.abs(beyond) > np.clip(BAND_SHARE * size, NARROWEST, WIDEST)
        side, memory = np.sign(beyond), self._memory
        changed = certain & (side != memory["side"][rows])
        ends = ENDS_SHARE * size / np.hypot(*(self._end - self._start))
        where = memory["where"][rows]
        crossed = changed & (where >= -ends) & (where <= 1 + ends)
        memory["side"][rows[changed]] = side[changed]
        return [
            Crossing(int(seen[i]), int(tracks_now.ids[i]), bool(side[i] > 0), float(memory["unseen_s"][rows[i]]))
            for i in np.flatnonzero(crossed)
            if not self._is_double(tracks_now, int(i), bool(side[i] > 0), time_s)
        ]

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._memory.forget(gone)
        for track in gone:
            self._crossed.pop(track, None)

    def __len__(self) -> int:
        return len(self._memory)

    def _begin(self, rows: Rows, tracks: Tracks, time_s: float) -> None:
        """Let new tracks start where they were one look before they were shown."""
        memory = self._memory
        new = np.isnan(memory["seen_s"][rows])
        first = square(tracks.previous_feet[new], self._aspect)
        beyond = distance_to_line(first, self._start, self._end)
        memory["x"][rows[new]], memory["y"][rows[new]] = first[:, 0], first[:, 1]
        memory["side"][rows[new]] = np.where(beyond < 0, -1.0, 1.0)
        memory["seen_s"][rows[new]] = time_s

    def _step(self, rows: Rows, feet: Points, beyond: Areas, time_s: float) -> None:
        """Move each track on, noting where along the line (0 start, 1 end) its last step passed over it."""
        memory = self._memory
        before = np.stack([memory["x"][rows], memory["y"][rows]], axis=1)
        was = distance_to_line(before, self._start, self._end)
        over = (was < 0) != (beyond < 0)
        share = np.abs(was[over]) / np.maximum(np.abs(was[over]) + np.abs(beyond[over]), 1e-12)
        at = before[over] + (feet[over] - before[over]) * share[:, None]
        along = self._end - self._start
        memory["where"][rows[over]] = (at - self._start) @ along / (along @ along)
        memory["unseen_s"][rows[over]] = time_s - memory["seen_s"][rows[over]]
        memory["x"][rows], memory["y"][rows] = feet[:, 0], feet[:, 1]
        memory["seen_s"][rows] = time_s

    def _is_double(self, tracks: Tracks, i: int, to_right: bool, time_s: float) -> bool:
        """Return whether the same object has just crossed under another track; otherwise note that this one has."""
        others = np.array([t for t, (_, right) in self._crossed.items() if right == to_right], np.int64)
        alike = np.isin(tracks.ids, others) & (tracks.ids != tracks.ids[i])
        if alike.any() and _overlap(tracks.boxes[i], tracks.boxes[alike]).max() >= SAME_OBJECT_IOU:
            return True
        self._crossed[int(tracks.ids[i])] = (time_s, to_right)
        return False


def _overlap(box: Points, boxes: Points) -> Areas:
    """Return (N,) intersection over union of one box and (N, 4) others."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(both / np.maximum(areas - both, 1e-12), np.float64)
