"""What every output layout answers: raw arrays in, candidate boxes in input pixels out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

Outputs: TypeAlias = Sequence[npt.NDArray[Any]]

MOST_CANDIDATES = 512  # the surest so many of a picture go on to suppression; a street at rush hour has 200


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What a model proposes in one picture.

    boxes: (N, 4) float32 x0 y0 x1 y1 in pixels of the model's input.   scores: (N,) float32.   classes: (N,) int64.
    """

    boxes: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Candidates:
        return Candidates(self.boxes[keep], self.scores[keep], self.classes[keep])

    def surest(self, most: int = MOST_CANDIDATES) -> Candidates:
        """Return them by falling score, at most `most`."""
        return self[np.argsort(-self.scores, kind="stable")[:most]]


class Layout(ABC):
    """Reads the outputs of one family of models. `repeats` says whether it reports an object more than once."""

    kind: ClassVar[str]
    repeats: ClassVar[bool] = True

    def __init__(self, classes: int, width: int, height: int) -> None:
        """`classes` labels; the input is `width` by `height` pixels."""
        self.classes, self.width, self.height = classes, width, height

    @abstractmethod
    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        """Return why outputs of these shapes cannot be read, or None; None in a shape stands for any size."""

    def others(self, batch: int) -> dict[str, npt.NDArray[Any]]:
        """Return further inputs by name for a batch of so many pictures; those that the model lacks are left out."""
        return {}

    @abstractmethod
    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        """Return, for each picture of the batch, what scores at least `floor`."""


def agrees(shape: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Return whether two shapes can be the same; None agrees with any size."""
    return len(shape) == len(wanted) and all(
        a is None or b is None or a == b for a, b in zip(shape, wanted, strict=True)
    )


def corners(centres: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return (N, 4) x0 y0 x1 y1 of (N, 4) centre x, centre y, width, height."""
    half = centres[:, 2:] / 2
    return np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)
