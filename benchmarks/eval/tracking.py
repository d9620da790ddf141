"""Scores the tracker, or detector and tracker together, on labelled sequences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from benchmarks.eval import mot_scores
from benchmarks.eval.mot import Boxes, Numbers, Sequence
from benchmarks.eval.mot_scores import Followed
from detectors.detections import Detections
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker
from edge.tracks import Tracks

Look: TypeAlias = tuple[float, Detections]  # camera time in seconds, and what was detected
Looks: TypeAlias = Iterable[Look]  # one for each frame, in order
Progress: TypeAlias = Callable[[int], None]  # frames done

# A tracker's scores belong to its detector, as a model card's do. Public detections come from over-confident networks,
# most of whose boxes of 0.5 are wrong. With our own detector the product's settings start tracks earlier than is good
# for MOTA, which weighs a false box like a missed one (an operator does not): here only believable boxes start one.
PUBLIC = TrackerSettings(high_score=0.75, birth_score=0.85)
DETECTED = TrackerSettings(birth_score=0.7)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one sequence gave: TrackEval's results, and the tracker's time."""

    raw: mot_scores.Raw
    frames: int
    tracker_s: float

    def figures(self) -> dict[str, Any]:
        """Return what is printed of it."""
        return {**mot_scores.summary(self.raw), "ms_per_frame": round(1e3 * self.tracker_s / self.frames, 3)}


def public_looks(sequence: Sequence) -> Looks:
    """Yield the detections of det.txt, frame by frame."""
    size = np.array([sequence.width, sequence.height] * 2)
    for frame in range(1, sequence.frames + 1):
        yield (frame - 1) / sequence.fps, _detections(sequence.detections, sequence.detections.at(frame), size)


def _detections(boxes: Boxes, where: slice, size: Numbers) -> Detections:
    corners = boxes.boxes[where].copy()
    corners[:, 2:] += corners[:, :2]
    scores = boxes.values[where].astype(np.float32)
    return Detections((corners / size).astype(np.float32), scores, np.full(len(scores), "object"))


def warm_up() -> None:
    """Let libraries load and caches fill, so that the first sequence is not timed with it."""
    tracker, boxes = Tracker(), np.linspace(0.1, 0.9, 20, dtype=np.float32).reshape(5, 4)
    boxes[:, 2:] = boxes[:, :2] + 0.1
    for look in range(20):
        tracker.update(Detections(boxes, np.full(5, 0.9, np.float32), np.full(5, "object")), look / 10)


def score_sequence(
    sequence: Sequence, looks: Looks, settings: TrackerSettings, progress: Progress | None = None
) -> Scored:
    """Follow the objects of `sequence` through `looks` and compare with its truth. Online: no look ahead.

    `settings` are completed with the sequence's aspect.
    """
    warm_up()
    tracker = Tracker(replace(settings, aspect=sequence.width / sequence.height))
    followed, spent = Followed(), 0.0
    for index, (time_s, detections) in enumerate(looks):
        before = time.thread_time()
        tracks = tracker.update(detections, time_s)
        spent += time.thread_time() - before  # on one core, also where others use the machine
        shown = reported(tracks, time_s)
        followed.add(shown.ids, _pixels(shown, sequence))
        if progress:
            progress(index + 1)
    return Scored(mot_scores.score(sequence, followed), sequence.frames, spent)


def reported(tracks: Tracks, time_s: float) -> Tracks:
    """Return the tracks that are scored: those that a detection supports now, not those only predicted."""
    return tracks[tracks.seen_at(time_s)]


def _pixels(tracks: Tracks, sequence: Sequence) -> Numbers:
    boxes: Numbers = tracks.boxes.astype(np.float64) * np.array([sequence.width, sequence.height] * 2)
    boxes[:, 2:] -= boxes[:, :2]
    return boxes


def result(scored: dict[str, Scored]) -> dict[str, Any]:
    """Return `overall` and `sequences` as the command prints them; overall adds counts over all sequences."""
    frames = sum(each.frames for each in scored.values())
    spent = sum(each.tracker_s for each in scored.values())
    overall = Scored(mot_scores.combine({name: each.raw for name, each in scored.items()}), frames, spent)
    return {
        "overall": {**overall.figures(), "frames": frames, "combined_by": "counts of all sequences (COMBINED_SEQ)"},
        "sequences": {name: each.figures() for name, each in scored.items()},
    }
