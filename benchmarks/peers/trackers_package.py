"""Our tracker beside those of the `trackers` package, on the same public detections in one run.

python -m benchmarks.peers.trackers_package DATASET [PATTERN …]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.eval import mot_scores
from benchmarks.eval.mot import Sequence, read_dataset
from benchmarks.eval.mot_scores import Followed
from benchmarks.eval.tracking import PUBLIC, Scored, public_looks, result, score_sequence

PEERS = ("SORTTracker", "ByteTrackTracker", "OCSORTTracker", "BoTSORTTracker", "CBIoUTracker")


def score_peer(sequence: Sequence, make: Callable[..., Any]) -> Scored:
    """Follow `sequence` with a tracker of the package at its default settings; it is told the frame rate."""
    import supervision

    tracker, followed, spent = make(frame_rate=sequence.fps), Followed(), 0.0
    for frame in range(1, sequence.frames + 1):
        where = sequence.detections.at(frame)
        corners = sequence.detections.boxes[where].astype(np.float32)
        corners[:, 2:] += corners[:, :2]
        scores = sequence.detections.values[where].astype(np.float32)
        detections = supervision.Detections(corners, confidence=scores, class_id=np.zeros(len(scores), int))
        before = time.thread_time()
        tracks = tracker.update(detections)
        spent += time.thread_time() - before
        ids = np.full(len(tracks), -1) if tracks.tracker_id is None else tracks.tracker_id
        corners = tracks.xyxy.astype(np.float64)
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        followed.add(ids[ids >= 0].astype(np.int64), boxes[ids >= 0])
    return Scored(mot_scores.score(sequence, followed), sequence.frames, spent)


def compare(sequences: list[Sequence]) -> dict[str, dict[str, Any]]:
    """Return the overall figures of ours and of each peer."""
    import trackers

    ways: dict[str, Callable[[Sequence], Scored]] = {
        "ours": lambda sequence: score_sequence(sequence, public_looks(sequence), PUBLIC),
        **{name: partial(score_peer, make=getattr(trackers, name)) for name in PEERS},
    }
    return {name: result({each.name: follow(each) for each in sequences})["overall"] for name, follow in ways.items()}


def main(place: str, *patterns: str) -> None:
    """Print one line for each tracker."""
    found = [each for pattern in patterns or ("*",) for each in read_dataset(Path(place), pattern)]
    sequences = list({each.name: each for each in found}.values())
    sys.stdout.write(f"{len(sequences)} sequences; counts of all added up (COMBINED_SEQ)\n")
    for name, row in compare(sequences).items():
        figures = "  ".join(f"{key} {row[key]}" for key in ("hota", "idf1", "mota", "id_switches", "ms_per_frame"))
        sys.stdout.write(f"{name:17} {figures}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
