"""Turns pictures into a model's input batch, and boxes of the input back into shares of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes
from detectors.picture import WHOLE, Picture, Region
from detectors.sizes import Size
from models.card import InputCard


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lies in the model's input, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def shares(self, boxes: npt.NDArray[np.float32]) -> Boxes:
        """Return (N, 4) boxes of the input as shares 0..1 of the picture, cut off at its edges."""
        origin = np.array([self.x, self.y, self.x, self.y], np.float32)
        size = np.array([self.width, self.height, self.width, self.height], np.float32)
        shares: Boxes = np.clip((boxes - origin) / size, 0, 1)
        return shares


class Letterbox:
    """Scales a picture straight into its place in the batch; no full-size picture is made."""

    def __init__(self, card: InputCard, width: int, height: int) -> None:
        self._card, self._width, self._height = card, width, height
        self._scale = np.array(card.scale, np.float32)
        self._shift = -np.array(card.mean, np.float32) * self._scale
        self._grey = np.float32(card.border) * self._scale + self._shift

    @property
    def size(self) -> Size:
        """Width and height of the input in pixels."""
        return self._width, self._height

    def place(self, width: float, height: float) -> Placement:
        """Return where a picture of `width` by `height` goes."""
        if self._card.fit == "stretch":
            return Placement(0, 0, self._width, self._height)
        zoom = min(self._width / width, self._height / height)
        w, h = max(1, min(self._width, round(width * zoom))), max(1, min(self._height, round(height * zoom)))
        if self._card.align == "corner":
            return Placement(0, 0, w, h)
        return Placement((self._width - w) // 2, (self._height - h) // 2, w, h)

    def empty(self, pictures: int) -> npt.NDArray[np.float32]:
        """Return a (pictures, 3, height, width) batch of border grey."""
        batch = np.empty((pictures, 3, self._height, self._width), np.float32)
        batch[:] = self._grey[:, None, None]
        return batch

    def fill(self, target: npt.NDArray[np.float32], picture: Picture, region: Region = WHOLE) -> Placement:
        """Write `region` of `picture` into `target` (3, height, width) and return where it lies."""
        x0, y0, x1, y1 = region
        place = self.place((x1 - x0) * picture.width, (y1 - y0) * picture.height)
        pixels = picture.scaled(place.width, place.height, region=region, rgb=self._card.order == "rgb")
        self._blank_around(target, place)
        inside = target[:, place.y : place.y + place.height, place.x : place.x + place.width]
        for plane, values in enumerate(cv2.split(pixels)):
            np.multiply(values, self._scale[plane], out=inside[plane])
            if self._shift[plane]:
                inside[plane] += self._shift[plane]
        return place

    def _blank_around(self, target: npt.NDArray[np.float32], place: Placement) -> None:
        grey = self._grey[:, None, None]
        target[:, : place.y] = grey
        target[:, place.y + place.height :] = grey
        target[:, :, : place.x] = grey
        target[:, :, place.x + place.width :] = grey
