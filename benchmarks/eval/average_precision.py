"""Average precision as COCO defines it: greedy matching by score, 101 recall points, IoU 0.50 to 0.95."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes, Detections, Labels

Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

IOUS: Floats = np.linspace(0.5, 0.95, 10)
RECALLS: Floats = np.linspace(0, 1, 101)
MOST_PER_CLASS = 100  # detections of one class in one picture that are scored, the surest first, as in COCO


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is really in one picture.

    boxes: (N, 4) x0 y0 x1 y1.   labels: (N,).   ignored: (N,) neither right nor wrong to find.
    """

    boxes: Boxes
    labels: Labels
    ignored: Bools

    @classmethod
    def of(cls, boxes: Boxes, labels: Labels) -> Truth:
        """Return truth in which everything counts."""
        return cls(boxes, labels, np.zeros(len(boxes), np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Precision and recall at IoU 0.5 of all boxes from each confidence on; confidences fall, recalls rise."""

    confidence: npt.NDArray[np.float32]
    precision: Floats
    recall: Floats

    def at_precision(self, least: float) -> tuple[float, float, float] | None:
        """Return (confidence, precision, recall) where recall is highest and precision no less than `least`."""
        good = np.flatnonzero(self.precision >= least)
        if not len(good):
            return None
        last = good[-1]
        return float(self.confidence[last]), float(self.precision[last]), float(self.recall[last])


NO_CURVE = Curve(np.zeros(0, np.float32), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class ClassScore:
    """How one label did. precision and recall hold at the confidence asked for, at IoU 0.5."""

    truth: int
    ap50: float
    ap50_95: float
    right: int  # detections at the confidence that match
    wrong: int  # and that do not
    curve: Curve = field(default=NO_CURVE, compare=False, repr=False)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.truth if self.truth else 0.0


@dataclass(slots=True)
class _Pool:
    """All scored detections of one label over all pictures. matched, ignored: (N, IoUs)."""

    scores: list[npt.NDArray[np.float32]] = field(default_factory=list)
    matched: list[Bools] = field(default_factory=list)
    ignored: list[Bools] = field(default_factory=list)
    truth: int = 0


def score(
    truths: Sequence[Truth], found: Sequence[Detections], labels: Sequence[str], *, confidence: float
) -> dict[str, ClassScore]:
    """Return the score of each of `labels` that has truth in at least one picture."""
    pools = {label: _Pool() for label in labels}
    for truth, seen in zip(truths, found, strict=True):
        for label in {*truth.labels.tolist(), *seen.labels.tolist()} & pools.keys():
            _add(pools[label], truth, seen, label)
    return {label: _scored(pool, confidence) for label, pool in pools.items() if pool.truth}


def interpolated(matched: Bools, truth: int) -> float:
    """Return average precision over 101 recall points of detections in falling order of score, (N,) bool."""
    right = np.cumsum(matched)
    precision = right / np.arange(1, len(matched) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / truth, RECALLS, side="left")
    return float(np.append(envelope, 0.0)[np.minimum(at, len(envelope))].mean())


def _add(pool: _Pool, truth: Truth, seen: Detections, label: str) -> None:
    true = truth.labels == label
    mine = seen[seen.labels == label]
    mine = mine[np.argsort(-mine.scores, kind="stable")[:MOST_PER_CLASS]]
    matched, ignored = _match(mine.boxes, truth.boxes[true], truth.ignored[true])
    pool.scores.append(mine.scores)
    pool.matched.append(matched)
    pool.ignored.append(ignored)
    pool.truth += int((~truth.ignored[true]).sum())


def _match(boxes: Boxes, true: Boxes, ignored: Bools) -> tuple[Bools, Bools]:
    """Return (N, IoUs) which of `boxes`, surest first, match a true one, and which match one that is ignored.

    A box takes the free true box that it overlaps most; one that is ignored only if no other will do.
    """
    matched = np.zeros((len(boxes), len(IOUS)), np.bool_)
    to_ignored = np.zeros_like(matched)
    if not len(true):
        return matched, to_ignored
    overlaps = _ious(boxes, true)
    taken = np.zeros((len(IOUS), len(true)), np.bool_)
    every = np.arange(len(IOUS))
    for index, row in enumerate(overlaps):
        fits = (row >= IOUS[:, None] - 1e-9) & ~taken
        best = np.where(fits, row + 2 * ~ignored, -1).argmax(axis=1)
        hit = fits[every, best]
        taken[every[hit], best[hit]] = True
        matched[index] = hit & ~ignored[best]
        to_ignored[index] = hit & ignored[best]
    return matched, to_ignored


def _ious(boxes: Boxes, true: Boxes) -> Floats:
    """Return (N, M) intersection over union."""
    a, b = boxes[:, None].astype(np.float64), true[None].astype(np.float64)
    sides = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    shared = sides[..., 0] * sides[..., 1]
    together = _areas(a) + _areas(b) - shared
    overlaps: Floats = np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)
    return overlaps


def _areas(boxes: Floats) -> Floats:
    areas: Floats = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return areas


def _scored(pool: _Pool, confidence: float) -> ClassScore:
    scores = np.concatenate([*pool.scores, np.zeros(0, np.float32)])
    order = np.argsort(-scores, kind="stable")
    none = np.zeros((0, len(IOUS)), np.bool_)
    matched = np.concatenate([*pool.matched, none])[order]
    counted = ~np.concatenate([*pool.ignored, none])[order]
    if not pool.truth:
        return ClassScore(0, 0.0, 0.0, 0, 0)
    precisions = [interpolated(matched[counted[:, i], i], pool.truth) for i in range(len(IOUS))]
    sure = (scores[order] >= confidence) & counted[:, 0]
    right = int(matched[sure, 0].sum())
    curve = _curve(scores[order][counted[:, 0]], matched[counted[:, 0], 0], pool.truth)
    return ClassScore(pool.truth, precisions[0], float(np.mean(precisions)), right, int(sure.sum()) - right, curve)


def _curve(scores: npt.NDArray[np.float32], matched: Bools, truth: int) -> Curve:
    """Return the curve of detections in falling order of score; equal scores cannot be told apart by a threshold."""
    right = np.cumsum(matched)
    last = np.append(scores[1:] != scores[:-1], True)[: len(scores)]
    return Curve(scores[last], (right / np.arange(1, len(right) + 1))[last], (right / truth)[last])
