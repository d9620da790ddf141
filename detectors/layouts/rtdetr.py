"""RT-DETR and D-FINE: a few hundred queries, each an object or nothing, in the three forms that exporters write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from detectors.layout import Candidates, Layout, Outputs, agrees, corners

SIZES = "orig_target_sizes"  # the second input of the deployed form: what size to scale the boxes to


class RtDetr(Layout):
    """Detection transformers (Zhao et al. 2023, arXiv:2304.08069; Peng et al. 2024, arXiv:2410.13842).

    One output: (B, Q, 4 + classes), cx cy w h as shares, scores after the sigmoid (Ultralytics), or
    (B, Q, 6), cx cy w h as shares, score, class (Ultralytics since 8.4).
    Two outputs: logits (B, Q, classes) and boxes (B, Q, 4), cx cy w h as shares (transformers).
    Three outputs: labels (B, Q), boxes (B, Q, 4) x0 y0 x1 y1, scores (B, Q) (the authors' deployed form).
    """

    kind: ClassVar[str] = "rtdetr"
    repeats: ClassVar[bool] = False

    def __init__(self, classes: int, width: int, height: int) -> None:
        super().__init__(classes, width, height)
        self._size = np.array([width, height, width, height], np.float32)

    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        if len(shapes) == 1 and agrees(shapes[0], (None, None, 6)):
            return None
        forms: Mapping[int, Sequence[tuple[int | None, ...]]] = {
            1: [(None, None, 4 + self.classes)],
            2: [(None, None, self.classes), (None, None, 4)],
            3: [(None, None), (None, None, 4), (None, None)],
        }
        wanted = forms.get(len(shapes), [])
        if wanted and all(agrees(shape, one) for shape, one in zip(shapes, wanted, strict=True)):
            return None
        return f"outputs {forms[1]}, {forms[2]} or {forms[3]} expected"

    def others(self, batch: int) -> dict[str, npt.NDArray[Any]]:
        return {SIZES: np.tile(np.array([[self.width, self.height]], np.int64), (batch, 1))}

    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        if len(outputs) == 3:
            labels, boxes, scores = outputs
            return [_above(floor, *one) for one in zip(boxes, scores, labels.astype(np.int64), strict=True)]
        if len(outputs) == 1 and self._is_ranked(outputs[0]):
            return [self._ranked(picture, floor) for picture in outputs[0]]
        if len(outputs) == 2:
            logits, shares = outputs
            probabilities = 1 / (1 + np.exp(-logits))
        else:
            shares, probabilities = outputs[0][..., :4], outputs[0][..., 4:]
        return [self._one(*one, floor) for one in zip(shares, probabilities, strict=True)]

    def _is_ranked(self, output: npt.NDArray[np.float32]) -> bool:
        """Return whether the last of six columns is a class and not, with two classes, a score."""
        return output.shape[-1] == 6 and (self.classes != 2 or bool((output[..., 5] % 1 == 0).all()))

    def _ranked(self, rows: npt.NDArray[np.float32], floor: float) -> Candidates:
        return _above(floor, corners(rows[:, :4] * self._size), rows[:, 4], rows[:, 5].astype(np.int64))

    def _one(self, shares: npt.NDArray[np.float32], probabilities: npt.NDArray[np.float32], floor: float) -> Candidates:
        classes = probabilities.argmax(axis=1)
        scores = probabilities[np.arange(len(classes)), classes]
        return _above(floor, corners(shares * self._size), scores, classes)


def _above(
    floor: float, boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]
) -> Candidates:
    found = scores >= floor
    return Candidates(boxes[found], scores[found], classes[found])
