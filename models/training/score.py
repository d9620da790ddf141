"""Figures that choose among checkpoints: average precision, and the best balance of precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LOOSE_IOU = 0.2  # smoke has no sharp edge: people who label the same plume agree no better than this in early pictures


@dataclass(frozen=True, slots=True, eq=False)
class Boxed:
    """boxes: (N, 4) float32 x0 y0 x1 y1 in pixels.   scores: (N,) float32."""

    boxes: Floats
    scores: Floats


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one label on one set. `confidence` is where F1 (boxes at `LOOSE_IOU`) is best; precision, recall are there."""

    ap50: float
    ap20: float
    precision: float
    recall: float
    f1: float
    confidence: float


def read_yolo(output: Floats, label: int, least: float = 0.05, overlap: float = 0.5) -> Boxed:
    """Return the boxes of `label` in one (4 + classes, N) output, overlapping ones suppressed."""
    scores = output[4 + label]
    keep = scores >= least
    middle, size, scores = output[:2, keep].T, output[2:4, keep].T, scores[keep]
    corners = np.hstack([middle - size / 2, size])
    chosen = np.array(cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), least, overlap), np.int64).reshape(-1)
    boxes = np.hstack([middle - size / 2, middle + size / 2])[chosen]
    return Boxed(boxes.astype(np.float32), scores[chosen].astype(np.float32))


def figures(found: Sequence[Boxed], truth: Sequence[Floats]) -> Figures:
    """Return the figures of one label; `truth` holds (M, 4) boxes for each picture of `found`."""
    strict, loose = _curve(found, truth, 0.5), _curve(found, truth, LOOSE_IOU)
    precision, recall, scores = loose
    if not len(scores):
        return Figures(0, 0, 0, 0, 0, 1)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    best = int(np.argmax(f1))
    return Figures(
        _average_precision(*strict[:2]),
        _average_precision(*loose[:2]),
        *(round(float(value[best]), 4) for value in (precision, recall, f1, scores)),
    )


def iou(a: Floats, b: Floats) -> Floats:
    """Return (N, M) overlaps of (N, 4) with (M, 4)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    inside = np.prod((high - low).clip(0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return np.asarray(inside / np.maximum(areas[0][:, None] + areas[1][None] - inside, 1e-9), np.float32)


def _curve(
    found: Sequence[Boxed], truth: Sequence[Floats], least_iou: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], Floats]:
    scores = np.concatenate([item.scores for item in found]) if found else np.zeros(0, np.float32)
    hits = np.concatenate([_hits(item, boxes, least_iou) for item, boxes in zip(found, truth, strict=True)])
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    total = sum(len(boxes) for boxes in truth)
    return right / np.arange(1, len(order) + 1), right / max(1, total), scores[order]


def _hits(found: Boxed, truth: Floats, least_iou: float) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a box is the first, by score, to meet a truth."""
    hits = np.zeros(len(found.scores), np.bool_)
    if not len(truth) or not len(hits):
        return hits
    overlaps = iou(found.boxes, truth)
    for index in np.argsort(-found.scores, kind="stable"):
        best = int(np.argmax(overlaps[index]))
        if overlaps[index, best] >= least_iou:
            hits[index] = True
            overlaps[:, best] = 0
    return hits


def _average_precision(precision: npt.NDArray[np.float64], recall: npt.NDArray[np.float64]) -> float:
    """Return the area under the precision envelope, sampled at 101 recalls as COCO does."""
    if not len(recall):
        return 0.0
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101))
    return round(float(np.mean(np.where(at < len(envelope), envelope[np.minimum(at, len(envelope) - 1)], 0))), 4)
