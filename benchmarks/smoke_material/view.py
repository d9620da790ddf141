"""A view that lives: its clear stills played in order with the noise, compression and small changes of a camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from benchmarks.smoke_material.stills import Image, read_image

NOISE: Final = 1.5  # grey levels: a sensor by day


class LivingView:
    """Plays stills of one view to and fro over a number of looks; between two of them the light passes over slowly."""

    def __init__(self, files: Sequence[Path], looks: int, rng: np.random.Generator, *, longest_px: int = 0) -> None:
        self._stills = [_sized(read_image(file), longest_px) for file in files]
        shape = self._stills[0].shape
        self._stills = [still for still in self._stills if still.shape == shape]
        self._looks = looks
        self._rng = rng
        self._exposure = np.cumsum(rng.normal(0, 0.004, looks))  # automatic exposure wanders

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self._stills[0].shape[1], self._stills[0].shape[0]

    def at(self, look: int) -> Image:
        """Return what the camera shows at one look, before noise."""
        at = look / max(1, self._looks - 1) * (len(self._stills) - 1)
        before, share = int(at), at - int(at)
        after = min(before + 1, len(self._stills) - 1)
        mixed = self._stills[before] * (1 - share) + self._stills[after] * share
        return np.asarray((mixed * (1 + self._exposure[look])).clip(0, 255), np.uint8)

    def developed(self, image: Image) -> Image:
        """Return `image` as the sensor delivers it: with fresh noise."""
        noise = self._rng.normal(0, NOISE, image.shape[:2])[..., None]
        return np.asarray((image + noise).clip(0, 255), np.uint8)


def _sized(image: Image, longest_px: int) -> Image:
    longest = max(image.shape[:2])
    if not longest_px or longest == longest_px:
        return image
    scale = longest_px / longest
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=way), np.uint8)
