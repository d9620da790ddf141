"""Crossings of whatever moves, named or not: for cameras whose view the detector does not know.

Seen from straight above, behind headlights, or dark on dark asphalt, cars are no cars to a detector trained on street
photographs. What moves against a learned background can still be followed and counted.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes, Detections
from detectors.picture import Picture
from edge.geometry import Points
from edge.rules.crossings import Crossing, Crossings
from edge.rules.memory import TrackMemory
from edge.rules.objects import sizes, square
from edge.rules.outlines import Outlines
from edge.rules.passages import NAMELESS, Passage, position
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker
from edge.tracks import Tracks

NAMED_SHARE: Final = 0.3  # of a moving thing's box that a named box covers: the detector knows it
PEOPLE: Final = frozenset({"person", "bicycle"})
APART_S: Final = 0.45  # vehicles in one lane follow each other by more
BESIDE: Final = 0.7  # of the larger one's size, or of what is usual here: a car's two lamps, not two cars in two lanes
TYPICAL: Final = 31  # passages whose sizes tell what is usual
FOLLOWING: Final = {"min_overlap": 0.1, "min_overlap_new": 0.1, "lost_s": 0.5}
GOES: Final = 0.4  # of its size, at least, a vehicle has gone when it crosses; a branch sways where it is
STRAIGHT: Final = 0.2  # and its way is no more than five times as long as need be; boxes tremble


class Movers:
    """Follows what moves in one camera's picture over one line."""

    def __init__(self, line: Points, aspect: float) -> None:
        self._line, self._aspect = line, aspect
        self._outlines = Outlines(line, aspect)
        self._tracker = Tracker(TrackerSettings(aspect=aspect, **FOLLOWING))  # type: ignore[arg-type]
        self._crossings = Crossings(line, aspect)
        self._ways = TrackMemory(from_x=np.nan, from_y=np.nan, x=np.nan, y=np.nan, way=0.0)
        self._tracks = Tracks.none()
        self._people: set[int] = set()  # moving tracks that were people at some time
        self._latest: list[Passage] = []  # what crossed just now
        self._sizes: deque[float] = deque(maxlen=TYPICAL)  # of what crossed before

    def update(self, picture: Picture, time_s: float) -> list[Passage]:
        """Return what has certainly crossed by this look."""
        boxes = self._outlines.boxes(picture, time_s)
        self._tracks = self._tracker.update(_as_detections(boxes), time_s)
        self._go_on(time_s)
        crossings = self._crossings.update(self._tracks, time_s)
        crossed = [self._passage(c, time_s) for c in crossings if self._is_a_vehicle(c)]
        self._forget(self._tracker.ended().tolist())
        return [passage for passage in crossed if self._is_whole(passage)]

    def note_people(self, tracks: Tracks) -> None:
        """Whoever walks or cycles is named by the detector, and is no nameless vehicle."""
        people = tracks.labelled(PEOPLE)
        if len(self._tracks) and len(people):
            walking = _covered(self._tracks.boxes, people.boxes) >= NAMED_SHARE
            self._people.update(self._tracks.ids[walking].tolist())

    @property
    def kept(self) -> int:
        """Of how many moving things something is remembered."""
        return len(self._ways)

    def _forget(self, gone: list[int]) -> None:
        self._crossings.forget(gone)
        self._ways.forget(gone)
        self._people.difference_update(gone)

    def _go_on(self, time_s: float) -> None:
        """Note how far each has come, and by which way."""
        tracks, ways = self._tracks[self._tracks.seen_at(time_s)], self._ways
        if not len(tracks):
            return
        rows, at = ways.rows(tracks.ids), square(tracks.centres, self._aspect)
        new = np.isnan(ways["x"][rows])
        before = square((tracks.previous[:, :2] + tracks.previous[:, 2:]).astype(np.float64) / 2, self._aspect)
        for name, value in (
            ("from_x", before[:, 0]),
            ("from_y", before[:, 1]),
            ("x", before[:, 0]),
            ("y", before[:, 1]),
        ):
            ways[name][rows[new]] = value[new]
        ways["way"][rows] += np.hypot(at[:, 0] - ways["x"][rows], at[:, 1] - ways["y"][rows])
        ways["x"][rows], ways["y"][rows] = at[:, 0], at[:, 1]

    def _is_a_vehicle(self, crossing: Crossing) -> bool:
        ways, row = self._ways, self._ways.rows(self._tracks.ids[[crossing.row]])[0]
        gone = float(np.hypot(ways["x"][row] - ways["from_x"][row], ways["y"][row] - ways["from_y"][row]))
        size = float(sizes(self._tracks, self._aspect)[crossing.row])
        return crossing.track not in self._people and gone >= max(GOES * size, STRAIGHT * float(ways["way"][row]))

    def _passage(self, crossing: Crossing, time_s: float) -> Passage:
        along, size = position(self._tracks, crossing.row, self._line, self._aspect)
        return Passage(time_s, along, size, crossing.to_right, track=NAMELESS, label="vehicle", doubtful=True)

    def _is_whole(self, passage: Passage) -> bool:
        """Return False for a piece of what has just crossed: one car often comes apart into two moving parts."""
        self._latest = [other for other in self._latest if passage.at_s - other.at_s <= APART_S]
        usual = float(np.median(self._sizes)) if self._sizes else 0.0
        is_piece = any(passage.is_beside(other, BESIDE, usual) for other in self._latest)
        self._latest.append(passage)
        if not is_piece:
            self._sizes.append(passage.size)
        return not is_piece


def _as_detections(boxes: Boxes) -> Detections:
    return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.full(len(boxes), "mover"))


def _covered(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return (N,) the largest share of each box, or of the other, whichever is smaller, that the two have in common."""
    low, high = np.maximum(boxes[:, None, :2], others[None, :, :2]), np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0).astype(np.float64), axis=-1)
    ours, theirs = (np.prod((b[:, 2:] - b[:, :2]).astype(np.float64), axis=1) for b in (boxes, others))
    return np.asarray((both / np.maximum(np.minimum(ours[:, None], theirs[None]), 1e-9)).max(axis=1), np.float64)
