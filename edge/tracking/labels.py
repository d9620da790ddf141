"""The labels a detector uses, numbered as they come up, and which of them may be one object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from edge.tracks import Ids


class Vocabulary:
    """Numbers labels from 0 as they are first heard. As long as a detector's list of classes, at most."""

    def __init__(self, families: Iterable[frozenset[str]]) -> None:
        self._of_family = {label: -1 - index for index, family in enumerate(families) for label in family}
        self._numbers: dict[str, int] = {}
        self.names = np.zeros(0, np.str_)  # (L,) in order of their numbers
        self.families: Ids = np.zeros(0, np.int64)  # (L,) equal where two labels may be one object

    def __len__(self) -> int:
        return len(self._numbers)

    def numbers(self, labels: Sequence[str]) -> Ids:
        """Return (N,) numbers of `labels`, new ones learnt."""
        known = self._numbers
        try:
            return np.array([known[label] for label in labels], np.int64)
        except KeyError:
            self._learn(labels)
            return np.array([known[label] for label in labels], np.int64)

    def _learn(self, labels: Sequence[str]) -> None:
        for label in labels:
            self._numbers.setdefault(label, len(self._numbers))
        self.names = np.array(list(self._numbers))
        self.families = np.array([self._of_family.get(label, n) for label, n in self._numbers.items()], np.int64)
