"""YOLOv8 and YOLO11: whole, (B, 4 + classes, cells), or without box arithmetic as `models.head` leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detectors.cells import cells_of
from detectors.layout import Candidates, Layout, Outputs, agrees, corners


class YoloV8(Layout):
    """As exported by Ultralytics without NMS (Jocher et al., https://docs.ultralytics.com/models/yolov8).

    Whole: centre, width and height in pixels, then the class scores after the sigmoid.
    Cut: (B, 4 x bins, cells) distributions of the distances to the four sides, in strides (Li et al. 2020,
    "Generalized focal loss", arXiv:2006.04388), and (B, classes, cells) scores.
    """

    kind: ClassVar[str] = "yolov8"

    def __init__(self, classes: int, width: int, height: int) -> None:
        super().__init__(classes, width, height)
        self._cells = cells_of(width, height)

    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        whole, scores = (None, 4 + self.classes, len(self._cells)), (None, self.classes, len(self._cells))
        if len(shapes) == 1 and agrees(shapes[0], whole):
            return None
        bins_agree = len(shapes) == 2 and len(shapes[0]) == 3 and (shapes[0][1] or 0) % 4 == 0
        if bins_agree and agrees(shapes[0], (None, None, len(self._cells))) and agrees(shapes[1], scores):
            return None
        return f"one output {whole} expected"

    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        if len(outputs) == 1:
            return [self._whole(picture, floor) for picture in outputs[0]]
        return [self._cut(*both, floor) for both in zip(outputs[0], outputs[1], strict=True)]

    def _whole(self, rows: npt.NDArray[np.float32], floor: float) -> Candidates:
        found, best, classes = _surest(rows[4:], floor)
        return Candidates(corners(rows[:4, found].T), best, classes)

    def _cut(self, distributions: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], floor: float) -> Candidates:
        found, best, classes = _surest(scores, floor)
        bins = len(distributions) // 4
        distances = expected(distributions[:, found].T.reshape(len(found), 4, bins))
        centres, strides = self._cells.centres[found], self._cells.strides[found]
        boxes = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1) * strides
        return Candidates(boxes, best, classes)


def expected(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the mean bin, (N, 4), of (N, 4, bins) distributions given before the softmax."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    means: npt.NDArray[np.float32] = weights @ np.arange(logits.shape[-1], dtype=np.float32) / weights.sum(axis=-1)
    return means


def _surest(
    scores: npt.NDArray[np.float32], floor: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return which cells of (classes, cells) reach `floor`, their best score and its class."""
    found = np.flatnonzero(scores.max(axis=0) >= floor)
    of_found = scores[:, found]
    classes = of_found.argmax(axis=0)
    return found, of_found[classes, np.arange(len(found))], classes
