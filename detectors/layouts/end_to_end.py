"""End-to-end YOLO (v10, 26): (B, 300, 6), x0 y0 x1 y1 in pixels, score, class; each object once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detectors.layout import Candidates, Layout, Outputs, agrees


class EndToEnd(Layout):
    """Trained with one-to-one matching, so nothing has to be suppressed (Wang et al. 2024, arXiv:2405.14458)."""

    kind: ClassVar[str] = "end-to-end"
    repeats: ClassVar[bool] = False

    def mistake(self, shapes: Sequence[tuple[int | None, ...]]) -> str | None:
        wanted = (None, None, 6)
        return None if len(shapes) == 1 and agrees(shapes[0], wanted) else f"one output {wanted} expected"

    def read(self, outputs: Outputs, floor: float) -> list[Candidates]:
        return [self._one(picture, floor) for picture in outputs[0]]

    def _one(self, rows: npt.NDArray[np.float32], floor: float) -> Candidates:
        classes = rows[:, 5].astype(np.int64)
        found = (rows[:, 4] >= floor) & (classes >= 0) & (classes < self.classes)
        return Candidates(rows[found, :4], rows[found, 4], classes[found])
