"""What a detector saw in one picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Boxes: TypeAlias = npt.NDArray[np.float32]  # (N, 4) x0 y0 x1 y1, each 0..1 of the original picture
Scores: TypeAlias = npt.NDArray[np.float32]  # (N,) 0..1
Labels: TypeAlias = npt.NDArray[np.str_]  # (N,)
Keep: TypeAlias = npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """N objects as three aligned arrays.

    boxes: (N, 4) float32 x0 y0 x1 y1, each 0..1 of the original picture.
    scores: (N,) float32, 0..1.   labels: (N,) str.
    """

    boxes: Boxes
    scores: Scores
    labels: Labels

    def __post_init__(self) -> None:
        n = len(self.boxes)
        if self.boxes.shape != (n, 4) or self.scores.shape != (n,) or self.labels.shape != (n,):
            raise ValueError(
                "boxes (N, 4), scores (N,) and labels (N,) must agree, got "
                f"{self.boxes.shape}, {self.scores.shape} and {self.labels.shape}"
            )

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, keep: Keep) -> Detections:
        return Detections(self.boxes[keep], self.scores[keep], self.labels[keep])

    def labelled(self, labels: Collection[str]) -> Detections:
        """Return only those whose label is one of `labels`; all of them when `labels` is empty."""
        return self[np.isin(self.labels, list(labels))] if labels else self

    @classmethod
    def none(cls) -> Detections:
        """Return an empty set."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.str_))

    @classmethod
    def joined(cls, parts: Sequence[Detections]) -> Detections:
        """Return all `parts` as one set."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
