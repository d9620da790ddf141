"""Follows the objects of one camera from look to look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from edge.tracking import motion
from edge.tracking.agility import Agility
from edge.tracking.association import BACK_FARTHEST, NONE, Indices
from edge.tracking.labels import Vocabulary
from edge.tracking.motion import Numbers
from edge.tracking.pairing import Pairing, Seen
from edge.tracking.settings import TrackerSettings
from edge.tracking.table import LOOKS, PREVIOUS, SCORE, SEEN, STARTED, SURPRISE, Table
from edge.tracks import Ids, Tracks

SLACK_S = 1e-6


class Tracker:
    """Follows objects through one camera's sessions; what is kept about a track is forgotten when it ends.

    Constant-velocity Kalman filters whose agility is learnt from the camera's own tracks, two rounds of assignment by
    overlap, strong detections before weak ones (ByteTrack, Zhang et al. 2022), the camera's own motion from the boxes,
    and a search for what was out of sight. Not thread-safe.
    """

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._unit = np.array([self._settings.aspect, 1.0, self._settings.aspect, 1.0])
        self._words = Vocabulary(self._settings.families)
        self._agility = Agility()
        self._table = Table()
        self._ended: Ids = NONE
        self._time_s = self._before_s = -np.inf  # of this look and of the one before

    @property
    def kept(self) -> int:
        """How many tracks are kept, shown or not."""
        return len(self._table)

    def reset(self) -> Ids:
        """Begin a new session: return the ids of all tracks that were shown, which have ended. Ids never repeat."""
        self._ended = self._table.ids(self._shown())
        self._table.keep(slice(0))
        self._agility = Agility()
        self._time_s = -np.inf
        return self._ended

    def ended(self) -> Ids:
        """Return the ids that were shown before and ended at the last update or reset."""
        return self._ended

    def update(self, detections: Detections, time_s: float) -> Tracks:
        """Return the confirmed tracks at `time_s` (camera time, seconds), those that are only predicted included."""
        self._move_on(time_s)
        seen = self._take_in(detections)
        rows, columns = self._match(seen)
        self._correct(rows, columns, seen)
        self._end()
        self._start(columns, seen)
        return self._tracks()

    def _move_on(self, time_s: float) -> None:
        self._before_s = self._time_s if np.isfinite(self._time_s) else time_s
        self._time_s = max(time_s, self._before_s)
        self._table.rows[:, PREVIOUS] = self._table.boxes
        dt = min(self._time_s - self._before_s, self._settings.lost_s)
        if dt > 0 and len(self._table):
            motion.predict(self._table.motion, dt, self._agility.factors)

    def _take_in(self, detections: Detections) -> Seen:
        enough = detections.scores >= self._settings.low_score
        if not enough.all():
            detections = detections[enough]
        corners = detections.boxes * self._unit
        size = np.maximum(corners[:, 2:] - corners[:, :2], motion.SMALLEST)
        boxes = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, size], axis=1)
        classes = self._words.numbers(detections.labels.tolist())
        self._table.widen(len(self._words))
        return Seen(boxes, detections.scores.astype(np.float64), classes, self._words.families[classes])

    def _match(self, seen: Seen) -> tuple[Indices, Indices]:
        """Return rows of the table and columns of `seen` that belong together; no one stands in two pairs."""
        if not len(self._table) or not len(seen.boxes):
            return NONE, NONE
        pairing = Pairing(self._table, seen)
        shown, strong = self._shown(), seen.scores >= self._settings.high_score
        pairing.by_overlap(shown, strong, self._settings.min_overlap)
        if pairing.follow_camera():
            pairing.by_overlap(shown, strong, self._settings.min_overlap)
        just_seen = self._table.rows[:, SEEN] >= self._before_s - SLACK_S
        pairing.by_overlap(shown & just_seen, ~strong, self._settings.min_overlap_low)
        pairing.by_overlap(~shown, strong, self._settings.min_overlap_new)
        pairing.by_place(shown & ~just_seen, strong, BACK_FARTHEST)
        pairing.by_place(~shown, strong)
        return pairing.result()

    def _correct(self, rows: Indices, columns: Indices, seen: Seen) -> None:
        if not len(rows):
            return
        table, time_s = self._table, self._time_s
        found = table.rows[rows]
        surprise = motion.correct(found[:, : motion.WIDTH], seen.boxes[columns])
        steady = (found[:, LOOKS] >= 2) & (found[:, SEEN] >= self._before_s - SLACK_S)
        self._agility.learn(found[steady, SURPRISE], surprise[steady])
        found[:, SURPRISE] = surprise
        found[:, SCORE] = seen.scores[columns]
        found[:, SEEN] = time_s
        found[:, LOOKS] += 1
        table.rows[rows] = found
        table.votes[rows, seen.classes[columns]] += seen.scores[columns]

    def _end(self) -> None:
        """Forget what was not confirmed at once, what is out of sight for too long, and what has left the picture."""
        table, shown = self._table, self._shown()
        unseen_s = self._time_s - table.rows[:, SEEN]
        x, y = table.boxes[:, 0], table.boxes[:, 1]
        inside = (x > 0) & (x < self._settings.aspect) & (y > 0) & (y < 1)
        stays = (unseen_s <= SLACK_S) | (shown & inside & (unseen_s <= self._settings.lost_s))
        if stays.all():
            self._ended = NONE
            return
        self._ended = table.ids(~stays & shown)
        table.keep(stays)

    def _start(self, matched: Indices, seen: Seen) -> None:
        new = seen.scores >= self._settings.birth_score
        new[matched] = False
        if new.any():
            self._table.add(seen.boxes[new], seen.scores[new], seen.classes[new], self._words, self._time_s)

    def _shown(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self._table.rows[:, LOOKS] >= self._settings.confirm_looks)

    def _tracks(self) -> Tracks:
        shown = self._shown()
        rows = self._table.rows[shown]
        if not len(rows):
            return Tracks.none()
        return Tracks(
            self._table.ids(shown),
            self._words.names[self._table.votes[shown].argmax(axis=1)],
            self._corners(rows[:, motion.BOX]),
            self._corners(rows[:, PREVIOUS]),
            rows[:, SCORE].astype(np.float32),
            rows[:, STARTED],
            rows[:, SEEN],
        )

    def _corners(self, boxes: Numbers) -> npt.NDArray[np.float32]:
        half = boxes[:, 2:] / 2
        corners = np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1) / self._unit
        return np.asarray(np.minimum(np.maximum(corners, 0.0), 1.0), np.float32)
