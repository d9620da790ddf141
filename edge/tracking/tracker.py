"""Follows the objects of one camera from look to look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from edge.tracking import motion
from edge.tracking.association import FORBIDDEN, Indices, assign, overlaps
from edge.tracking.motion import Numbers
from edge.tracking.settings import TrackerSettings
from edge.tracks import Ids, Tracks

# Columns of the table that stand behind the motion state.
SCORE, STARTED, SEEN, LOOKS, ID, FAMILY = range(motion.WIDTH, motion.WIDTH + 6)
PREVIOUS = slice(FAMILY + 1, FAMILY + 5)
COLUMNS = FAMILY + 5


class Tracker:
    """Follows objects through one camera's sessions. Everything kept about a track is forgotten when it ends."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._unit = np.array([self._settings.aspect, 1.0, self._settings.aspect, 1.0])
        self._names: list[str] = []
        self._index: dict[str, tuple[int, int]] = {}
        self._next_id = 1
        self._clear()

    def _clear(self) -> None:
        self._rows = np.zeros((0, COLUMNS))
        self._votes = np.zeros((0, len(self._names)))
        self._ended = np.zeros(0, np.int64)
        self._time_s: float | None = None

    def reset(self) -> Ids:
        """Begin a new session: return the ids of all tracks, which have ended. Ids never repeat."""
        ids: Ids = self._rows[self._shown(), ID].astype(np.int64)
        self._clear()
        self._ended = ids
        return ids

    def ended(self) -> Ids:
        """Return the ids that were shown before and ended at the last update or reset."""
        return self._ended

    def update(self, detections: Detections, time_s: float) -> Tracks:
        """Return the confirmed tracks at `time_s` (camera time, seconds), those that are only predicted included."""
        dt = 0.0 if self._time_s is None else max(time_s - self._time_s, 0.0)
        self._time_s = time_s
        motion.predict(self._rows[:, : motion.WIDTH], dt)
        self._rows[:, PREVIOUS] = self._rows[:, motion.POSITION] - self._rows[:, motion.SPEED] * dt
        seen = detections[detections.scores >= self._settings.low_score]
        boxes, classes, families = self._boxes(seen), *self._classes(seen)
        scores = seen.scores.astype(np.float64)
        strong = scores >= self._settings.high_score
        costs = 1.0 - overlaps(self._rows[:, motion.POSITION], boxes)
        costs[self._rows[:, FAMILY, None] != families] = FORBIDDEN
        rows, columns = self._match(costs, strong)
        self._correct(rows, boxes[columns], scores[columns], classes[columns], time_s)
        strong[columns] = False
        self._end(time_s)
        self._start(boxes[strong], scores[strong], classes[strong], families[strong], time_s)
        return self._tracks()

    def _match(self, costs: Numbers, strong: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
        high, low = np.flatnonzero(strong), np.flatnonzero(~strong)
        rows, picked = assign(costs[:, high], 1.0 - self._settings.min_iou)
        rest = np.setdiff1d(np.arange(len(costs)), rows)
        more, picked_low = assign(costs[rest][:, low], 1.0 - self._settings.min_iou_low)
        return np.concatenate([rows, rest[more]]), np.concatenate([high[picked], low[picked_low]])

    def _boxes(self, detections: Detections) -> Numbers:
        corners = detections.boxes * self._unit
        size = corners[:, 2:] - corners[:, :2]
        return np.concatenate([corners[:, :2] + size / 2, np.maximum(size, 1e-6)], axis=1)

    def _classes(self, detections: Detections) -> tuple[Indices, Indices]:
        pairs = [self._index.get(label) or self._learn(label) for label in detections.labels.tolist()]
        found = np.array(pairs, np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    def _learn(self, label: str) -> tuple[int, int]:
        family = next((-1 - i for i, names in enumerate(self._settings.families) if label in names), len(self._names))
        self._index[label] = (len(self._names), family)
        self._names.append(label)
        self._votes = np.pad(self._votes, ((0, 0), (0, 1)))
        return self._index[label]

    def _correct(self, rows: Indices, boxes: Numbers, scores: Numbers, classes: Indices, time_s: float) -> None:
        self._rows[rows, : motion.WIDTH] = motion.correct(self._rows[rows, : motion.WIDTH], boxes)
        self._rows[rows, SCORE] = scores
        self._rows[rows, SEEN] = time_s
        self._rows[rows, LOOKS] += 1
        self._votes[rows, classes] += scores

    def _end(self, time_s: float) -> None:
        patience = np.where(self._shown(), self._settings.lost_s, 0.0)
        stays = time_s - self._rows[:, SEEN] <= patience
        self._ended = self._rows[~stays & self._shown(), ID].astype(np.int64)
        self._rows, self._votes = self._rows[stays], self._votes[stays]

    def _start(self, boxes: Numbers, scores: Numbers, classes: Indices, families: Indices, time_s: float) -> None:
        n = len(boxes)
        fresh, votes = np.zeros((n, COLUMNS)), np.zeros((n, len(self._names)))
        fresh[:, : motion.WIDTH] = motion.begin(boxes)
        fresh[:, PREVIOUS] = boxes
        fresh[:, SCORE], fresh[:, STARTED], fresh[:, SEEN] = scores, time_s, time_s
        fresh[:, LOOKS], fresh[:, FAMILY] = 1, families
        fresh[:, ID] = np.arange(self._next_id, self._next_id + n)
        votes[np.arange(n), classes] = scores
        self._next_id += n
        self._rows, self._votes = np.concatenate([self._rows, fresh]), np.concatenate([self._votes, votes])

    def _shown(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._rows[:, LOOKS] >= self._settings.confirm_looks)

    def _tracks(self) -> Tracks:
        shown = self._shown()
        if not shown.any():
            return Tracks.none()
        rows = self._rows[shown]
        return Tracks(
            rows[:, ID].astype(np.int64),
            np.array(self._names)[self._votes[shown].argmax(axis=1)],
            self._corners(rows[:, motion.POSITION]),
            self._corners(rows[:, PREVIOUS]),
            rows[:, SCORE].astype(np.float32),
            rows[:, STARTED].copy(),
            rows[:, SEEN].copy(),
        )

    def _corners(self, boxes: Numbers) -> npt.NDArray[np.float32]:
        half = boxes[:, 2:] / 2
        corners = np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1) / self._unit
        return np.asarray(corners.clip(0.0, 1.0), np.float32)
