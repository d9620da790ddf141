"""How violently people move: parts of a body that go different ways and change their speed, less how far it gets.

Somebody who walks swings arms and legs as well, but gets somewhere; who fights moves as much and stays. From dense
optical flow (Farnebäck 2003) between three pictures; all speeds are in body heights per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes
from detectors.picture import Gray
from edge.geometry import Areas, Flags

Flow: TypeAlias = npt.NDArray[np.float32]  # (height, width, 2) pixels per second
Speeds: TypeAlias = npt.NDArray[np.float32]  # (height, width) pixels per second

LONGEST_STEP_S: Final = 0.5  # between two pictures whose difference is a movement
STRONGEST: Final = 80  # percentile of the changes inside a body: arms and legs are a fifth of a box
AS_ONE: Final = 0.3  # a part of how fast a body moves as one that its swinging limbs explain
OWN: Final = 0.3  # of a box: who is hidden by others more than that is not judged
SAME: Final = 0.5  # intersection over union from which two boxes may be of one person: neither hides the other


@dataclass(frozen=True, slots=True, eq=False)
class Movement:
    """What moves in a picture, and by how much each moving piece has changed its speed since the step before."""

    flow: Flow
    change: Speeds


class Flows:
    """Remembers the last picture and how it moved."""

    def __init__(self) -> None:
        self._gray: tuple[float, Gray] | None = None
        self._flow: Flow | None = None

    @property
    def time_s(self) -> float:
        """When the last picture was taken in; minus infinity when there is none."""
        return float("-inf") if self._gray is None else self._gray[0]

    def update(self, gray: Gray, time_s: float) -> Movement | None:
        """Take in a picture (height, width); return its movement once two steps are known, otherwise None."""
        before, last = self._gray, self._flow
        self._gray, self._flow = (time_s, gray), None
        if before is None or before[1].shape != gray.shape or not 0 < time_s - before[0] <= LONGEST_STEP_S:
            return None
        step_s = time_s - before[0]
        flow = self._flow = _flow(before[1], gray) / np.float32(step_s)
        return None if last is None else Movement(flow, _changes(last, flow, step_s))

    def clear(self) -> None:
        """Begin anew."""
        self._gray = self._flow = None


def unrest(movement: Movement, boxes: Boxes, gone: Areas) -> Areas:
    """Return (N,) how violently the people in `boxes` (N, 4: x0 y0 x1 y1, each 0..1) move, from 0.

    gone: (N,) how fast each gets somewhere over a longer time; 0 where that is not known.
    """
    height, width = movement.change.shape
    scale = np.array([width, height, width, height])
    corners = np.clip(np.rint(boxes * scale), 0, scale).astype(np.int64)
    alone = _alone(boxes)
    # A loop over a handful of people: each covers another stretch of the picture.
    return np.array([_unrest(movement, corners, i, alone[i], float(gone[i])) for i in range(len(boxes))], np.float64)


def _unrest(movement: Movement, corners: npt.NDArray[np.int64], i: int, others: Flags, gone: float) -> float:
    x0, y0, x1, y1 = corners[i]
    own = np.ones((y1 - y0, x1 - x0), np.bool_)
    for left, top, right, bottom in corners[others]:
        own[max(top - y0, 0) : max(bottom - y0, 0), max(left - x0, 0) : max(right - x0, 0)] = False
    if not own.size:
        return 0.0
    if own.mean() <= OWN:
        return 0.0
    parts, change = movement.flow[y0:y1, x0:x1][own], movement.change[y0:y1, x0:x1][own]
    body = float(y1 - y0)
    as_one = float(np.hypot(*parts.mean(axis=0)))
    apart = max(float(np.hypot(parts[:, 0], parts[:, 1]).mean()) - as_one, 0.0)
    jerk = float(np.percentile(change, STRONGEST))
    return max(float(np.sqrt(apart * jerk)) / body - max(AS_ONE * as_one / body, gone), 0.0)


def _alone(boxes: Boxes) -> npt.NDArray[np.bool_]:
    """Return (N, N) True where the second box is somebody else's and hides a part of the first."""
    low, high = np.maximum(boxes[:, None, :2], boxes[None, :, :2]), np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    same = both >= SAME * (areas[:, None] + areas[None] - both)
    return np.asarray((both > 0) & ~same & ~np.eye(len(boxes), dtype=np.bool_), np.bool_)


def _flow(before: Gray, now: Gray) -> Flow:
    """Return (height, width, 2) movements in pixels, with the camera's own taken out."""
    soft = [cv2.GaussianBlur(g, (0, 0), 1.0) for g in (before, now)]
    flow = cv2.calcOpticalFlowFarneback(soft[0], soft[1], np.empty((0, 0), np.float32), 0.5, 2, 13, 2, 5, 1.1, 0)
    return np.asarray(flow - np.median(flow.reshape(-1, 2), axis=0), np.float32)


def _changes(last: Flow, flow: Flow, step_s: float) -> Speeds:
    """Return (height, width) by how much what is here moves otherwise than before: there where it was, or here."""
    rows, columns = np.indices(flow.shape[:2], dtype=np.float32)
    from_x, from_y = columns - last[..., 0] * np.float32(step_s), rows - last[..., 1] * np.float32(step_s)
    was = cv2.remap(last, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    there, here = flow - was, flow - last
    changes = np.minimum(np.hypot(there[..., 0], there[..., 1]), np.hypot(here[..., 0], here[..., 1]))
    return np.asarray(changes, np.float32)
