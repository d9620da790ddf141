"""Follow candidates from look to look, although smoke has no edge and drifts, and looks are half a minute apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from edge.smoke.tube import Sighting, Tube

REACH: Final = 0.35  # of a box's size on each side: how far a plume shifts or grows between two looks
LEAST_REACH: Final = 0.012  # of the picture: small plumes jump by more than their own size
LOST_SOURCE: Final = 0.15  # see `Tube.holds`: below this it has left the place where it began
APART: Final = 0.1  # of the width: pieces of one plume stand closer
STRAY_S: Final = 130.0  # two looks a minute apart: young smoke comes and goes
FORGOTTEN_AFTER_S: Final = 600.0  # without a sighting; a smouldering fire shows again within minutes


class Tubes:
    """The candidates of one camera."""

    def __init__(self) -> None:
        self.alive: list[Tube] = []
        self._count = 0

    def match(self, boxes: npt.NDArray[np.float32]) -> list[int]:
        """Return, for each of (N, 4) boxes, the index of the tube that it belongs to, or -1 for a new one.

        Best overlap of widened boxes first, as long as the box still touches where the tube began: what has left its
        source is another candidate. Several boxes may belong to one tube: a plume is often reported in pieces.
        """
        owners = [-1] * len(boxes)
        if not self.alive or not len(boxes):
            return owners
        lasts = widened(np.array([tube.last.box for tube in self.alive], np.float32))
        overlap = shared(widened(boxes), lasts)
        for row, box in enumerate(boxes):
            for best in np.argsort(-overlap[row], kind="stable"):
                if overlap[row, best] > 0 and self.alive[best].holds(box) >= LOST_SOURCE:
                    owners[row] = int(best)
                    break
        return owners

    def begin(self, sighting: Sighting) -> Tube:
        """Start following a candidate."""
        self._count += 1
        tube = Tube(self._count)
        tube.see(sighting)
        self.alive.append(tube)
        return tube

    def drop(self, gone: Iterable[Tube]) -> None:
        """Stop following these."""
        numbers = {tube.number for tube in gone}
        self.alive = [tube for tube in self.alive if tube.number not in numbers]

    def forget(self, time_s: float, *, keep: frozenset[int] = frozenset()) -> None:
        """Drop candidates that are gone. Those in `keep` (numbers) are still being reported."""
        stays = (tube.number in keep or time_s - tube.last.time_s < patience_s(tube) for tube in self.alive)
        self.alive = list(itertools.compress(self.alive, list(stays)))


def patience_s(tube: Tube) -> float:
    """Return how long a candidate may stay unseen: a stray box is forgotten soon, a smouldering fire shows again."""
    return min(FORGOTTEN_AFTER_S, STRAY_S + tube.lasted_s / 2)


def widened(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (N, 4) boxes grown by what a plume may have moved."""
    reach = np.maximum(REACH * (boxes[:, 2:] - boxes[:, :2]), LEAST_REACH)
    return np.hstack([boxes[:, :2] - reach, boxes[:, 2:] + reach]).astype(np.float32)


def shared(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (N, M) shared area ÷ the smaller area of each pair."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod((high - low).clip(0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    smaller = np.minimum(areas[0][:, None], areas[1][None])
    return np.asarray(both / np.maximum(smaller, 1e-9), np.float32)


def strongest_of(found: Detections, rows: list[int]) -> tuple[npt.NDArray[np.float32], float, str]:
    """Return (the box around all `rows` that are at least half as sure as the surest, its score, its label)."""
    best = max(rows, key=lambda row: float(found.scores[row]))
    sure = [row for row in rows if found.scores[row] >= 0.5 * found.scores[best]]
    boxes = found.boxes[sure]
    around = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]).astype(np.float32)
    return around, float(found.scores[best]), str(found.labels[best])


def others(found: Detections, box: npt.NDArray[np.float32], score: float) -> int:
    """Return how many boxes elsewhere, at least `APART` of the width away, are at least half as sure as this one."""
    sure = found.boxes[found.scores >= 0.5 * score]
    apart = np.maximum(0, np.maximum(sure[:, :2] - box[2:], box[:2] - sure[:, 2:]))
    return int(np.sum(np.hypot(apart[:, 0], apart[:, 1]) >= APART))
