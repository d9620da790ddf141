"""Crossings of whatever moves, named or not: for cameras whose view the detector does not know.

Seen from straight above, or behind headlights, cars are no cars to a detector trained on street photographs. What moves
against a learned background can still be followed and counted.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes, Detections
from detectors.picture import Gray
from edge.geometry import Points
from edge.rules.base import Look
from edge.rules.crossings import Crossing, Crossings
from edge.rules.objects import sizes, square
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker
from edge.tracks import Tracks

Plane: TypeAlias = npt.NDArray[np.float32]

WIDTH: Final = 320
STANDS_OUT: Final = 18.0  # grey levels from the background
LEARNS_S: Final = 4.0  # the background's memory of what does not stand out; four times that of what does
SMALLEST: Final = 0.001  # of the picture
LARGEST: Final = 0.25
NAMED_SHARE: Final = 0.3  # of a moving thing's box that a named box covers: the detector knows it
PEOPLE: Final = frozenset({"person", "bicycle"})
APART_S: Final = 0.45  # vehicles in one lane follow each other by more
LOOSE: Final = 0.1  # overlap from look to look: what moves is rare and large, and may go its own length meanwhile


class Movers:
    """Follows what moves in one camera's picture over one line."""

    def __init__(self, line: Points, aspect: float) -> None:
        self._tracker = Tracker(TrackerSettings(aspect=aspect, min_overlap=LOOSE, min_overlap_new=LOOSE))
        self._crossings = Crossings(line, aspect)
        self._background: Plane = np.zeros((0, 0), np.float32)
        self._last_s: float | None = None
        self._age_s = 0.0
        self._people: set[int] = set()  # moving tracks that were people at some time
        # What crossed just now: when, how far along the line, how large, to the right or not.
        self._latest: list[tuple[float, float, float, bool]] = []
        self._start, self._end = square(line, aspect)
        self._aspect = aspect

    def update(self, look: Look) -> list[bool]:
        """Return the crossings that have become certain at this look: to the right, or not."""
        if look.picture is None:
            return []
        height = max(48, round(WIDTH * look.picture.height / look.picture.width))
        boxes = self._moving(look.picture.gray(WIDTH, height), look.time_s)
        tracks = self._tracker.update(_as_detections(boxes), look.time_s)
        self._note_people(tracks, look)
        ended = self._tracker.ended().tolist()
        crossings = self._crossings.update(tracks, look.time_s)
        vehicles = [c for c in crossings if c.track not in self._people]
        crossed = [c.to_right for c in vehicles if self._is_whole(c, tracks, look.time_s)]
        self._crossings.forget(ended)
        self._people.difference_update(ended)
        return crossed

    def _is_whole(self, crossing: Crossing, tracks: Tracks, time_s: float) -> bool:
        """Return False for a piece of what has just crossed: one car often comes apart into two moving parts."""
        at = square(tracks.centres[crossing.row], self._aspect)
        along = float((at - self._start) @ (self._end - self._start) / np.hypot(*(self._end - self._start)))
        size = float(sizes(tracks, self._aspect)[crossing.row])
        self._latest = [(t, where, s, r) for t, where, s, r in self._latest if time_s - t <= APART_S]
        is_piece = any(
            abs(where - along) <= 0.5 * max(s, size) and right == crossing.to_right
            for _, where, s, right in self._latest
        )
        self._latest.append((time_s, along, size, crossing.to_right))
        return not is_piece

    def _moving(self, gray: Gray, time_s: float) -> Boxes:
        """Return (N, 4) boxes of what stands out from the background, and learn it."""
        plane = np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.2), np.float32)
        if self._last_s is None or plane.shape != self._background.shape:
            self._background, self._last_s, self._age_s = plane.copy(), time_s, 0.0
            return np.zeros((0, 4), np.float32)
        step_s, self._last_s = max(time_s - self._last_s, 1e-3), time_s
        self._age_s += step_s
        rate = min(1.0, step_s / min(LEARNS_S, self._age_s + step_s))
        apart = np.abs(plane - self._background)
        self._background += np.where(apart > STANDS_OUT, rate / 4, rate).astype(np.float32) * (plane - self._background)
        return _boxes((apart > STANDS_OUT).astype(np.uint8))

    def _note_people(self, tracks: Tracks, look: Look) -> None:
        """Whoever walks or cycles is named by the detector, and is no nameless vehicle."""
        people = look.tracks.labelled(PEOPLE)
        if len(tracks) and len(people):
            walking = _covered(tracks.boxes, people.boxes) >= NAMED_SHARE
            self._people.update(tracks.ids[walking].tolist())


def _boxes(mask: npt.NDArray[np.uint8]) -> Boxes:
    solid = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    share = stats[1:, cv2.CC_STAT_AREA] / mask.size
    found = stats[1:][(share >= SMALLEST) & (share <= LARGEST)].astype(np.float32)
    corners = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:4]], axis=1)
    height, width = mask.shape
    return np.asarray(corners / np.array([width, height, width, height], np.float32), np.float32)


def _as_detections(boxes: Boxes) -> Detections:
    return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.full(len(boxes), "mover"))


def _covered(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """Return (N,) the largest share of each box, or of the other, whichever is smaller, that the two have in common."""
    low, high = np.maximum(boxes[:, None, :2], others[None, :, :2]), np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0).astype(np.float64), axis=-1)
    ours, theirs = (np.prod((b[:, 2:] - b[:, :2]).astype(np.float64), axis=1) for b in (boxes, others))
    return np.asarray((both / np.maximum(np.minimum(ours[:, None], theirs[None]), 1e-9)).max(axis=1), np.float64)
