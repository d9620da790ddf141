"""Looks at whole pictures, and at windows of them in the same scale, with one model that takes any size of input."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from detectors.crop import Crop
from detectors.detections import Detections
from detectors.onnx_detector import OnnxDetector
from detectors.picture import Picture, Region
from detectors.sizes import Size, fitting

SIZES_KEPT = 64  # each keeps where the cells of its grid lie, 25 kB; a camera's windows come in some twenty sizes


class AnySizeDetector:
    """A detector whose cost follows the area that it looks at. Safe to share between threads; they take turns."""

    def __init__(self, build: Callable[[Size], OnnxDetector], longest: int, expected: Sequence[Size]) -> None:
        """`build` makes the detector of one input size, which must be cheap: all share one session.

        `longest`: pixels on the longer side of a whole picture. `expected` picture sizes (width, height) are made
        ready and tried now.
        """
        self._build, self._longest = build, longest
        self._sizes: dict[Size, OnnxDetector] = {}
        self._turn = threading.Lock()
        for width, height in expected:
            self._of(fitting(width, height, longest)).warm_up()

    @property
    def labels(self) -> tuple[str, ...]:
        return next(iter(self._sizes.values())).labels

    def scaled(self, picture: Picture) -> Size:
        """Return width and height of the whole picture in pixels of the model's input."""
        zoom = self._longest / max(picture.width, picture.height)
        return round(picture.width * zoom), round(picture.height * zoom)

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """Return what stands in each picture, one after another. Raises `ModelError`."""
        return [self._look(one, fitting(one.width, one.height, self._longest)) for one in pictures]

    def window(self, picture: Picture, region: Region) -> Detections:
        """Return what stands in `region`, in shares of the region, in the scale of the whole. Raises `ModelError`."""
        width, height = self.scaled(picture)
        wide, high = (region[2] - region[0]) * width, (region[3] - region[1]) * height
        return self._look(Crop(picture, region), fitting(round(wide), round(high), round(max(wide, high))))

    def _look(self, picture: Picture, size: Size) -> Detections:
        with self._turn:
            return self._of(size).detect([picture])[0]

    def _of(self, size: Size) -> OnnxDetector:
        found = self._sizes.pop(size, None) or self._build(size)
        self._sizes[size] = found  # last: the one that was not used for longest goes first
        if len(self._sizes) > SIZES_KEPT:
            self._sizes.pop(next(iter(self._sizes)))
        return found
