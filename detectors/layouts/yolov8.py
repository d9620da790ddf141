"""YOLOv8 and YOLO11: (B, 4 + classes, anchors), decoded boxes cx cy w h in pixels, scores after the sigmoid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detectors.layout import Candidates, Layout, Outputs, agrees, corners


class YoloV8(Layout):
    """As exported by Ultralytics without NMS (Jocher et al., https://docs.ultralytics.com/models/yolov8)."""

    kind: ClassVar[str] = "yolov8"

    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        anchors = sum((self.width // stride) * (self.height // stride) for stride in (8, 16, 32))
        wanted = (None, 4 + self.classes, anchors)
        return None if len(shapes) == 1 and agrees(shapes[0], wanted) else f"one output {wanted} expected"

    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        return [self._one(picture, floor) for picture in outputs[0]]

    def _one(self, rows: npt.NDArray[np.float32], floor: float) -> Candidates:
        scores = rows[4:]
        found = np.flatnonzero(scores.max(axis=0) >= floor)
        of_found = scores[:, found]
        classes = of_found.argmax(axis=0)
        return Candidates(corners(rows[:4, found].T), of_found[classes, np.arange(len(found))], classes)
