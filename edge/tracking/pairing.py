"""Pairs tracks with detections, round by round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.tracking.association import FORBIDDEN, NONE, PLACE_LIMIT, Indices, assign, overlaps, place_costs
from edge.tracking.motion import Numbers
from edge.tracking.table import FAMILY, Table
from edge.tracks import Ids

FEWEST_FOR_SHIFT = 3  # matched boxes from which the camera's own motion is estimated


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one look brought, in the tracker's units: boxes (N, 4) centre x, y, width, height in picture heights."""

    boxes: Numbers
    scores: Numbers
    classes: Ids
    families: Ids


class Pairing:
    """Pairs the tracks of a table with what was seen, round by round; each round takes from what is left."""

    def __init__(self, table: Table, seen: Seen) -> None:
        self._table, self._seen = table, seen
        self._free_rows, self._free_columns = np.ones(len(table), np.bool_), np.ones(len(seen.boxes), np.bool_)
        self._rows: list[Indices] = []
        self._columns: list[Indices] = []
        strangers = table.rows[:, FAMILY, None] != seen.families
        self._strangers = strangers if strangers.any() else None
        self._overlaps = overlaps(table.boxes, seen.boxes)

    def by_overlap(self, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_], least: float) -> None:
        """Pair some rows and columns that overlap by at least `least`."""
        r, c = (rows & self._free_rows).nonzero()[0], (columns & self._free_columns).nonzero()[0]
        if len(r) and len(c):
            self._take(r, c, 1.0 - self._overlaps[r[:, None], c], 1.0 - least)

    def by_place(self, rows: npt.NDArray[np.bool_], columns: npt.NDArray[np.bool_], farthest: float = np.inf) -> None:
        """Pair some rows and columns that need not overlap, but lie where the row's object may be by now."""
        r, c = (rows & self._free_rows).nonzero()[0], (columns & self._free_columns).nonzero()[0]
        if len(r) and len(c):
            self._take(r, c, place_costs(self._table.motion[r], self._seen.boxes[c], farthest), PLACE_LIMIT)

    def follow_camera(self) -> bool:
        """Move rows that are still alone as the paired ones moved; tell whether that gives them another chance."""
        rows, columns = self.result()
        if len(rows) < FEWEST_FOR_SHIFT or not self._free_rows.any():
            return False
        surprise = self._seen.boxes[columns, :2] - self._table.boxes[rows, :2]
        alone = self._free_rows.nonzero()[0]
        self._table.rows[alone, :2] += np.median(surprise, axis=0)
        self._overlaps[alone] = overlaps(self._table.boxes[alone], self._seen.boxes)
        return bool(self._free_columns.any())

    def result(self) -> tuple[Indices, Indices]:
        """Return the pairs found so far."""
        if not self._rows:
            return NONE, NONE
        return np.concatenate(self._rows), np.concatenate(self._columns)

    def _take(self, rows: Indices, columns: Indices, costs: Numbers, limit: float) -> None:
        if self._strangers is not None:
            costs[self._strangers[rows[:, None], columns]] = FORBIDDEN
        picked_rows, picked_columns = assign(costs, limit)
        rows, columns = rows[picked_rows], columns[picked_columns]
        self._free_rows[rows] = False
        self._free_columns[columns] = False
        self._rows.append(rows)
        self._columns.append(columns)
