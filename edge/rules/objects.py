"""What several rules ask about the objects of one look."""

from __future__ import annotations

from typing import Final

import numpy as np

from detectors.detections import Boxes
from edge.geometry import Areas, Flags, Points, box_sizes
from edge.rules.base import Seen
from edge.tracks import Tracks

VEHICLES: Final = frozenset({"car", "motorcycle", "bus", "truck"})
TWO_WHEELERS: Final = ("bicycle", "motorcycle")
LINGER_S: Final = 0.7  # an object missed for less than this still counts as there


def seen_objects(tracks: Tracks, which: Flags) -> tuple[Seen, ...]:
    """Return the tracks of `which` (N,) as an event names them."""
    rows = np.flatnonzero(which)
    return tuple(
        Seen(
            track=int(tracks.ids[i]),
            label=str(tracks.labels[i]),
            box=tuple(round(float(v), 4) for v in tracks.boxes[i]),  # type: ignore[arg-type]
            score=round(float(tracks.scores[i]), 3),
        )
        for i in rows
    )


def there(tracks: Tracks, time_s: float) -> Flags:
    """Return (N,) True where a track was seen within the last moments."""
    return np.asarray(time_s - tracks.seen_s <= LINGER_S, np.bool_)


def sizes(tracks: Tracks, aspect: float) -> Areas:
    """Return (N,) side of a square as large as each box, in picture heights."""
    return box_sizes(tracks.boxes, aspect)


def square(points: Points, aspect: float) -> Points:
    """Return points in picture heights, so that a distance means the same across and down."""
    return np.asarray(points * np.array([aspect, 1.0]), np.float64)


def riders(tracks: Tracks) -> Flags:
    """Return (N,) True for each person who sits on a bicycle or motorcycle: one road user, seen twice.

    A rider's box overlaps the machine's in width by half and ends inside its height.
    """
    people = tracks.labels == "person"
    wheels = np.isin(tracks.labels, TWO_WHEELERS)
    if not (people.any() and wheels.any()):
        return np.zeros(len(tracks), np.bool_)
    boxes = tracks.boxes.astype(np.float64)
    p, w = boxes[:, None], boxes[None]
    shared = np.minimum(p[..., 2], w[..., 2]) - np.maximum(p[..., 0], w[..., 0])
    beside = shared >= 0.5 * np.minimum(p[..., 2] - p[..., 0], w[..., 2] - w[..., 0])
    height = w[..., 3] - w[..., 1]
    feet_in = (p[..., 3] > w[..., 1]) & (p[..., 3] < w[..., 3] + 0.15 * height)
    head_above = p[..., 1] < w[..., 1] + 0.3 * height
    on = np.any(beside & feet_in & head_above & wheels[None], axis=1)
    return np.asarray(on & people, np.bool_)


def covered_share(boxes: Boxes, others: Boxes) -> Areas:
    """Return (N,) the largest share of each of `boxes` (N, 4) that lies within one of `others` (M, 4)."""
    if not len(others):
        return np.zeros(len(boxes))
    a, b = boxes[:, None].astype(np.float64), others[None].astype(np.float64)
    both = np.prod(np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0), axis=-1)
    own = np.prod(np.maximum(a[..., 2:] - a[..., :2], 1e-9), axis=-1)
    return np.asarray((both / own).max(axis=1), np.float64)
