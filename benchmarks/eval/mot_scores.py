"""HOTA, MOTA and IDF1 of tracks against truth, through the metric classes of TrackEval."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from benchmarks.eval.mot import Numbers, Sequence

Ids: TypeAlias = npt.NDArray[np.int64]
Raw: TypeAlias = dict[str, dict[str, Any]]  # TrackEval's own results by metric
SAME = 0.5  # overlap from which a box is that object


@dataclass
class Followed:
    """What a tracker said of one sequence, frame by frame: ids (N,) and boxes (N, 4) x y width height in pixels."""

    ids: list[Ids] = field(default_factory=list)
    boxes: list[Numbers] = field(default_factory=list)

    def add(self, ids: Ids, boxes: Numbers) -> None:
        """Add the next frame."""
        self.ids.append(ids)
        self.boxes.append(boxes)


def intersections(a: Numbers, b: Numbers) -> Numbers:
    """Return (N, M) areas that boxes (N, 4) and (M, 4), x y width height, have in common."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum((a[:, :2] + a[:, 2:])[:, None], (b[:, :2] + b[:, 2:])[None])
    sides = np.maximum(high - low, 0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float64)


def overlap(a: Numbers, b: Numbers) -> Numbers:
    """Return (N, M) intersection over union."""
    both = intersections(a, b)
    union = (a[:, 2] * a[:, 3])[:, None] + b[:, 2] * b[:, 3] - both
    return both / np.maximum(union, 1e-9)


def score(sequence: Sequence, followed: Followed) -> Raw:
    """Return TrackEval's results for one sequence, of every metric."""
    data = _compared(sequence, followed)
    return {name: metric.eval_sequence(data) for name, metric in _metrics().items()}


def combine(results: Mapping[str, Raw]) -> Raw:
    """Return the results over all sequences, as TrackEval's COMBINED_SEQ: counts are added, not scores averaged."""
    return {
        name: metric.combine_sequences({key: raw[name] for key, raw in results.items()})
        for name, metric in _metrics().items()
    }


def summary(raw: Raw) -> dict[str, float | int]:
    """Return the figures of the literature, 0..100."""
    return {
        "hota": round(100 * float(np.mean(raw["HOTA"]["HOTA"])), 2),
        "mota": round(100 * float(raw["CLEAR"]["MOTA"]), 2),
        "idf1": round(100 * float(raw["Identity"]["IDF1"]), 2),
        "id_switches": int(raw["CLEAR"]["IDSW"]),
        "deta": round(100 * float(np.mean(raw["HOTA"]["DetA"])), 2),
        "assa": round(100 * float(np.mean(raw["HOTA"]["AssA"])), 2),
    }


def _metrics() -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):  # it greets on standard output, which may be JSON
        from trackeval.metrics import CLEAR, HOTA, Identity

        quiet = {"PRINT_CONFIG": False}
        return {"HOTA": HOTA(), "CLEAR": CLEAR(quiet), "Identity": Identity(quiet)}


def _compared(sequence: Sequence, followed: Followed) -> dict[str, Any]:
    """Return what TrackEval's metrics ask for: per frame the ids, numbered from 0, and their overlaps."""
    truth_ids, tracker_ids, overlaps = [], [], []
    for frame in range(1, sequence.frames + 1):
        where = sequence.truth.at(frame)
        counts = sequence.truth.values[where] > 0
        ids, boxes = sequence.truth.ids[where], sequence.truth.boxes[where]
        unscored = np.concatenate([boxes[~counts], sequence.ignored.boxes[sequence.ignored.at(frame)]])
        alike = overlap(boxes[counts], followed.boxes[frame - 1])
        keep = ~_neither_right_nor_wrong(alike, followed.boxes[frame - 1], unscored)
        truth_ids.append(ids[counts])
        tracker_ids.append(followed.ids[frame - 1][keep])
        overlaps.append(alike[:, keep])
    return {
        **_numbered("gt", truth_ids),
        **_numbered("tracker", tracker_ids),
        "similarity_scores": overlaps,
        "num_timesteps": sequence.frames,
    }


def _neither_right_nor_wrong(alike: Numbers, boxes: Numbers, unscored: Numbers) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a box is no counted object, and lies by more than half in an unscored region."""
    free = np.ones(len(boxes), np.bool_)
    rows, columns = linear_sum_assignment(-np.where(alike >= SAME, alike, 0))
    free[columns[alike[rows, columns] >= SAME]] = False
    if not len(unscored) or not len(boxes):
        return np.zeros(len(boxes), np.bool_)
    area = np.maximum(boxes[:, 2] * boxes[:, 3], 1e-9)
    return np.asarray(free & (intersections(boxes, unscored).max(axis=1) / area > SAME))


def _numbered(whose: str, ids: list[Ids]) -> dict[str, Any]:
    every = np.concatenate(ids) if ids else np.zeros(0, np.int64)
    known, numbers = np.unique(every, return_inverse=True)
    ends = np.cumsum([len(part) for part in ids])[:-1]
    return {
        f"{whose}_ids": np.split(numbers, ends),
        f"num_{whose}_ids": len(known),
        f"num_{whose}_dets": len(every),
    }
