"""Numbers that a rule keeps for each track, in step with whatever tracks a look brings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from edge.tracks import Ids

Rows = npt.NDArray[np.int64]
Column = npt.NDArray[np.float64]


class TrackMemory:
    """A table with one row for each track and one named column of floats for each thing to remember."""

    def __init__(self, **defaults: float) -> None:
        self._defaults = defaults
        self._ids = np.zeros(0, np.int64)  # sorted
        self._columns = {name: np.zeros(0) for name in defaults}

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, name: str) -> Column:
        """Return the whole column, in the order of `ids`; writing into it remembers."""
        return self._columns[name]

    @property
    def ids(self) -> Ids:
        """(N,) the tracks that are remembered, ascending."""
        return self._ids

    def rows(self, ids: Ids) -> Rows:
        """Return where each of `ids` (N,) stands; tracks that are new get the defaults. Valid until the next call."""
        fresh = np.setdiff1d(ids, self._ids)
        if len(fresh):
            order = np.argsort(np.concatenate([self._ids, fresh]), kind="stable")
            self._ids = np.concatenate([self._ids, fresh])[order]
            for name, default in self._defaults.items():
                self._columns[name] = np.concatenate([self._columns[name], np.full(len(fresh), default)])[order]
        return np.asarray(np.searchsorted(self._ids, ids), np.int64)

    def forget(self, ids: Iterable[int]) -> None:
        """Drop the rows of `ids`."""
        keep = ~np.isin(self._ids, list(ids))
        self._ids = self._ids[keep]
        self._columns = {name: column[keep] for name, column in self._columns.items()}
