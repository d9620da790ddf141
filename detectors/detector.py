"""What the node needs from a detector: pictures in, boxes out, several at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from detectors.detections import Detections
from detectors.picture import Picture


class Detector(Protocol):
    """Finds objects. One instance serves many cameras; it keeps nothing between calls."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that can come out."""

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """Return one `Detections` for each picture, in order. Raises `models.errors.ModelError`."""
