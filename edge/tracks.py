"""The objects of one camera at one look, followed through its session."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Ids: TypeAlias = npt.NDArray[np.int64]  # (N,)
Seconds: TypeAlias = npt.NDArray[np.float64]  # (N,) camera time
Points: TypeAlias = npt.NDArray[np.float64]  # (N, 2) x y, each 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """N confirmed tracks as aligned arrays.

    ids: (N,) int64, unique for the life of the camera.   labels: (N,) str, settled over the track's life.
    boxes: (N, 4) float32 x0 y0 x1 y1, each 0..1; a track that is not seen just now carries its predicted box.
    previous: (N, 4) float32, the box at the look before; equal to `boxes` when the track is new.
    scores: (N,) float32 of the last detection.
    started_s, seen_s: (N,) float64 camera time of the first and of the last detection.
    """

    ids: Ids
    labels: npt.NDArray[np.str_]
    boxes: npt.NDArray[np.float32]
    previous: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    started_s: Seconds
    seen_s: Seconds

    def __post_init__(self) -> None:
        n = len(self.ids)
        shapes = {f.name: getattr(self, f.name).shape for f in fields(self)}
        wanted = {name: (n, 4) if name in {"boxes", "previous"} else (n,) for name in shapes}
        if shapes != wanted:
            raise ValueError(f"the arrays of Tracks must agree on N, got {shapes}")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Tracks:
        return Tracks(*(getattr(self, f.name)[keep] for f in fields(self)))

    @property
    def feet(self) -> Points:
        """(N, 2) bottom centre of each box: where the object touches the ground."""
        return _feet(self.boxes)

    @property
    def previous_feet(self) -> Points:
        """(N, 2) bottom centre at the look before."""
        return _feet(self.previous)

    @property
    def centres(self) -> Points:
        """(N, 2) middle of each box."""
        return np.asarray((self.boxes[:, :2] + self.boxes[:, 2:]) / 2, np.float64)

    @property
    def previous_centres(self) -> Points:
        """(N, 2) middle of each box at the look before."""
        return np.asarray((self.previous[:, :2] + self.previous[:, 2:]) / 2, np.float64)

    def seen_at(self, time_s: float) -> npt.NDArray[np.bool_]:
        """(N,) True where the track was matched by a detection at `time_s`, not only predicted."""
        return np.asarray(self.seen_s >= time_s, np.bool_)

    def labelled(self, labels: Collection[str]) -> Tracks:
        """Return only those whose label is one of `labels`; all of them when `labels` is empty."""
        return self[np.isin(self.labels, list(labels))] if labels else self

    @classmethod
    def none(cls) -> Tracks:
        """Return an empty set."""
        boxes, numbers = np.zeros((0, 4), np.float32), np.zeros(0, np.float64)
        return cls(np.zeros(0, np.int64), np.zeros(0, np.str_), boxes, boxes, np.zeros(0, np.float32), numbers, numbers)


def _feet(boxes: npt.NDArray[np.float32]) -> Points:
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1).astype(np.float64)
