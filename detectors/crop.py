"""A part of a picture that is itself a picture, so that any detector can be shown it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detectors.detections import Boxes
from detectors.picture import WHOLE, Gray, Image, Picture, Region


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """`region` of `picture`, 0..1; implements `Picture`."""

    picture: Picture
    region: Region

    @property
    def width(self) -> int:
        return max(1, round((self.region[2] - self.region[0]) * self.picture.width))

    @property
    def height(self) -> int:
        return max(1, round((self.region[3] - self.region[1]) * self.picture.height))

    def bgr(self) -> Image:
        return self.picture.scaled(self.width, self.height, region=self.region)

    def scaled(self, width: int, height: int, *, region: Region = WHOLE, rgb: bool = False) -> Image:
        return self.picture.scaled(width, height, region=inside(self.region, region), rgb=rgb)

    def gray(self, width: int, height: int, *, region: Region = WHOLE) -> Gray:
        return self.picture.gray(width, height, region=inside(self.region, region))


def inside(outer: Region, inner: Region) -> Region:
    """Return `inner`, given in shares of `outer`, in shares of the picture."""
    x0, y0, x1, y1 = outer
    wide, high = x1 - x0, y1 - y0
    return (x0 + inner[0] * wide, y0 + inner[1] * high, x0 + inner[2] * wide, y0 + inner[3] * high)


def outside(region: Region, boxes: Boxes) -> Boxes:
    """Return (N, 4) `boxes`, given in shares of `region`, in shares of the picture."""
    x0, y0, x1, y1 = region
    zoom = np.array([x1 - x0, y1 - y0, x1 - x0, y1 - y0], np.float32)
    moved: Boxes = boxes * zoom + np.array([x0, y0, x0, y0], np.float32)
    return moved
