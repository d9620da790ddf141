"""Everything a tracker keeps of its tracks: one row of numbers each, and the votes for each label."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.tracking import motion
from edge.tracking.labels import Vocabulary
from edge.tracking.motion import Numbers
from edge.tracks import Ids

Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice

# Columns behind the motion state.
SCORE, STARTED, SEEN, LOOKS, ID, FAMILY = range(motion.WIDTH, motion.WIDTH + 6)
PREVIOUS = slice(motion.WIDTH + 6, motion.WIDTH + 10)  # the box at the look before
SURPRISE = slice(motion.WIDTH + 10, motion.WIDTH + 14)  # of the last correction, in box heights
COLUMNS = SURPRISE.stop


class Table:
    """Rows of tracks, oldest first. `rows`: (N, COLUMNS); `votes`: (N, labels known)."""

    def __init__(self) -> None:
        self.rows: Numbers = np.zeros((0, COLUMNS))
        self.votes: Numbers = np.zeros((0, 0))
        self._next_id = 1

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def motion(self) -> Numbers:
        """(N, motion.WIDTH) view of the motion states."""
        return self.rows[:, : motion.WIDTH]

    @property
    def boxes(self) -> Numbers:
        """(N, 4) view of the boxes: centre x, y, width, height in picture heights."""
        return self.rows[:, motion.BOX]

    def ids(self, which: Rows) -> Ids:
        """Return the ids of some rows."""
        return np.asarray(self.rows[which, ID], np.int64)

    def keep(self, which: Rows) -> None:
        """Forget all other rows."""
        self.rows, self.votes = self.rows[which], self.votes[which]

    def widen(self, labels: int) -> None:
        """Make room for votes on `labels` labels."""
        if labels > self.votes.shape[1]:
            self.votes = np.pad(self.votes, ((0, 0), (0, labels - self.votes.shape[1])))

    def add(self, boxes: Numbers, scores: Numbers, classes: Ids, words: Vocabulary, time_s: float) -> None:
        """Begin a track for each of the (N, 4) boxes. Ids never repeat."""
        n = len(boxes)
        rows, votes = np.zeros((n, COLUMNS)), np.zeros((n, self.votes.shape[1]))
        rows[:, : motion.WIDTH] = motion.begin(boxes)
        rows[:, PREVIOUS] = boxes
        rows[:, SCORE] = scores
        rows[:, STARTED : LOOKS + 1] = time_s, time_s, 1
        rows[:, ID] = np.arange(self._next_id, self._next_id + n)
        rows[:, FAMILY] = words.families[classes]
        votes[np.arange(n), classes] = scores
        self._next_id += n
        self.rows, self.votes = np.concatenate([self.rows, rows]), np.concatenate([self.votes, votes])
