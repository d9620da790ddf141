"""A detector that looks at each picture in the input size that suits its shape."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from detectors.detections import Detections
from detectors.onnx_detector import OnnxDetector
from detectors.picture import Picture
from detectors.sizes import Size, fitting, waste

MOST_SIZES = 4  # each size is one more copy of the model in memory; a fifth shape uses the one that wastes least


class FittedDetector:
    """One model in several input sizes, made when the first picture of a shape comes."""

    def __init__(self, build: Callable[[Size], OnnxDetector], longest: int, expected: Sequence[Size]) -> None:
        """`build` makes the detector of one size; `expected` are picture sizes (width, height) to be ready for."""
        self._build, self._longest = build, longest
        self._sizes: dict[Size, OnnxDetector] = {}
        self._growing = threading.Lock()
        for width, height in expected or ((longest, longest),):
            self._suited(width, height)

    @property
    def labels(self) -> tuple[str, ...]:
        return next(iter(self._sizes.values())).labels

    @property
    def providers(self) -> list[str]:
        """What it really runs on, first choice first."""
        return next(iter(self._sizes.values())).providers

    @property
    def sizes(self) -> tuple[Size, ...]:
        """The input sizes that exist so far."""
        return tuple(self._sizes)

    def suited(self, picture: Picture) -> OnnxDetector:
        """Return the detector of the size that `picture` is looked at in."""
        return self._sizes[self._suited(picture.width, picture.height)]

    def detect(self, pictures: Sequence[Picture], *, floor: float | None = None) -> list[Detections]:
        """Return what scores at least `floor` in each picture; pictures of one shape go in one batch."""
        groups: dict[Size, list[int]] = {}
        for index, picture in enumerate(pictures):
            groups.setdefault(self._suited(picture.width, picture.height), []).append(index)
        found: dict[int, Detections] = {}
        for size, members in groups.items():
            looks = self._sizes[size].detect([pictures[i] for i in members], floor=floor)
            found |= dict(zip(members, looks, strict=True))
        return [found[index] for index in range(len(pictures))]

    def _suited(self, width: int, height: int) -> Size:
        size = fitting(width, height, self._longest)
        if size in self._sizes:
            return size
        with self._growing:
            if size not in self._sizes and len(self._sizes) >= MOST_SIZES:
                return min(self._sizes, key=lambda there: waste(there, width, height))
            if size not in self._sizes:
                self._sizes[size] = self._build(size)
            return size
