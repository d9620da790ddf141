"""YOLOX: (B, cells, 5 + classes), offsets in cells of three grids, objectness and class scores after the sigmoid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detectors.cells import cells_of
from detectors.layout import Candidates, Layout, Outputs, agrees, corners


class YoloX(Layout):
    """Anchor-free boxes before grid decoding (Ge et al. 2021, https://arxiv.org/abs/2107.08430)."""

    kind: ClassVar[str] = "yolox"

    def __init__(self, classes: int, width: int, height: int) -> None:
        super().__init__(classes, width, height)
        self._cells = cells_of(width, height)

    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        wanted = (None, len(self._cells), 5 + self.classes)
        return None if len(shapes) == 1 and agrees(shapes[0], wanted) else f"one output {wanted} expected"

    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        return [self._one(picture, floor) for picture in outputs[0]]

    def _one(self, rows: npt.NDArray[np.float32], floor: float) -> Candidates:
        likely = np.flatnonzero(rows[:, 4] >= floor)  # the product below cannot exceed the objectness
        scores = rows[likely, 5:] * rows[likely, 4:5]
        classes = scores.argmax(axis=1)
        best = scores[np.arange(len(likely)), classes]
        sure = best >= floor
        found = likely[sure]
        strides = self._cells.strides[found]
        centres = (rows[found, :2] + self._cells.corners[found]) * strides
        sizes = np.exp(rows[found, 2:4]) * strides
        return Candidates(corners(np.concatenate([centres, sizes], axis=1)), best[sure], classes[sure])
