"""Of several boxes on one object, keep the surest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.layout import Candidates

NEVER = 2.0  # no two boxes overlap by more than 1
TINY = np.float32(1e-12)


class Suppressor:
    """Class-aware suppression of repeats, and of one object that was given two labels that are easily confused."""

    def __init__(
        self,
        labels: Sequence[str],
        *,
        overlap: float,
        alike: Sequence[Sequence[str]] = (),
        alike_overlap: float = 0.75,
    ) -> None:
        """Boxes of one label go above IoU `overlap`, of labels in one group of `alike` above `alike_overlap`."""
        limits = np.full((len(labels), len(labels)), NEVER, np.float32)
        position = {label: index for index, label in enumerate(labels)}
        for group in alike:
            members = [position[label] for label in group]
            limits[np.ix_(members, members)] = alike_overlap
        np.fill_diagonal(limits, overlap)
        self._limits = limits

    def __call__(self, candidates: Candidates) -> Candidates:
        """Return the kept ones by falling score."""
        ordered = candidates.surest()
        if len(ordered) < 2:
            return ordered
        limits = self._limits[ordered.classes[:, None], ordered.classes[None, :]]
        return ordered[survivors(np.triu(pairs(ordered.boxes).iou > limits, k=1))]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """How every two of N boxes overlap. shared: (N, N) area.  areas: (N,)."""

    shared: npt.NDArray[np.float32]
    areas: npt.NDArray[np.float32]

    @property
    def iou(self) -> npt.NDArray[np.float32]:
        """(N, N) intersection over union."""
        together = self.areas[:, None] + self.areas - self.shared
        return _share(self.shared, together)

    @property
    def within(self) -> npt.NDArray[np.float32]:
        """(N, N) share of the second box that lies in the first."""
        return _share(self.shared, self.areas[None, :])


def _share(part: npt.NDArray[np.float32], whole: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shares: npt.NDArray[np.float32] = np.divide(part, np.maximum(whole, TINY), dtype=np.float32)
    return shares


def pairs(boxes: npt.NDArray[np.float32]) -> Pairs:
    """Return how every two of (N, 4) boxes x0 y0 x1 y1 overlap."""
    x0, y0, x1, y1 = boxes.T
    wide = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    high = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    return Pairs(np.maximum(wide, 0) * np.maximum(high, 0), np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0))


def survivors(beats: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return (N,) which boxes a greedy pass keeps. `beats[i, j]`: i comes before j and covers it (upper triangular).

    A box falls only to one that stands. Repeating "falls to any that stands now" settles the next rank each
    time, so it ends in the greedy result after as many rounds as the longest chain (Cluster NMS, Zheng et al. 2020).
    """
    stands: npt.NDArray[np.bool_] = np.ones(len(beats), np.bool_)
    for _ in range(len(beats)):
        now = np.logical_not(beats[stands].any(axis=0))
        if np.array_equal(now, stands):
            break
        stands = now
    return stands
