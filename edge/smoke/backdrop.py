"""What a view looks like without news, pixel by pixel and by how much it usually varies: smoke stands out from it."""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray, Picture

Plane: TypeAlias = npt.NDArray[np.float32]  # (height, width)
Box: TypeAlias = npt.NDArray[np.float32]  # (4,) x0 y0 x1 y1, each 0..1

WIDTH: Final = 480  # pixels: a plume of 1/50 of the picture is still ten pixels wide
MEMORY_S: Final = 600.0  # light and shadows move on within ten minutes; an early plume grows within three
STALE_S: Final = 3 * MEMORY_S  # unseen for so long, the sun stands elsewhere and the memory says nothing
LEAST_SPREAD: Final = 1.5  # grey levels: what sensors and compression alone make a pixel vary
RING: Final = 0.75  # of the box on each side: what happens there too is the light, not smoke
LEAST_LOOKS: Final = 3  # before that nobody knows how the view varies


class Backdrop:
    """Running mean and spread of the luma of one view. Feed every look; ask before feeding."""

    def __init__(self) -> None:
        self._mean: Plane | None = None
        self._variance: Plane = np.zeros((0, 0), np.float32)
        self._looks = 0
        self._time_s = 0.0

    @property
    def is_ready(self) -> bool:
        return self._looks >= LEAST_LOOKS

    def plane(self, picture: Picture) -> Plane:
        """Return the luma of `picture`, `WIDTH` wide, smoothed a little and freed of the exposure's level."""
        height = max(8, round(WIDTH * picture.height / picture.width))
        return levelled(picture.gray(WIDTH, height))

    def departure(self, plane: Plane, time_s: float) -> Plane | None:
        """Return how far each pixel is from what it usually shows, in its usual spreads; None until that is known."""
        if self._mean is None or not self.is_ready or self._is_another_view(plane, time_s):
            return None
        spread = np.sqrt(self._variance) + LEAST_SPREAD
        return np.asarray((plane - self._mean) / spread, np.float32)

    def learn(self, plane: Plane, time_s: float, keep: npt.NDArray[np.bool_] | None = None) -> None:
        """Take in one look. Where `keep` (height, width) is True, what is known stays: a fire is not learned."""
        if self._mean is None or self._is_another_view(plane, time_s):
            self._mean, self._variance, self._looks = plane.copy(), np.full_like(plane, 4.0), 1
            self._time_s = time_s
            return
        step_s, self._time_s = max(0.0, time_s - self._time_s), time_s
        self._looks += 1
        share = np.float32(max(1 / self._looks, 1 - np.exp(-step_s / MEMORY_S)))
        rate = share if keep is None else np.where(keep, np.float32(0), share)
        off = plane - self._mean
        self._mean = self._mean + rate * off
        self._variance = self._variance + rate * (off * off - self._variance)

    def _is_another_view(self, plane: Plane, time_s: float) -> bool:
        return plane.shape != self._variance.shape or time_s - self._time_s > STALE_S


def levelled(gray: Gray) -> Plane:
    """Return luma without its overall level and contrast, which automatic exposure changes at will."""
    plane = cv2.GaussianBlur(gray, (0, 0), 1.2).astype(np.float32)
    middle = float(np.median(plane))
    spread = float(np.mean(np.abs(plane - middle)))
    return np.asarray((plane - middle) * (40.0 / max(spread, 4.0)), np.float32)


def news_in(box: Box, departure: Plane) -> float:
    """Return how much more the view departs from usual inside `box` than around it, in usual spreads, at least 0."""
    height, width = departure.shape
    x0, y0, x1, y1 = _pixels(box, width, height)
    pad_x, pad_y = max(3, round(RING * (x1 - x0))), max(3, round(RING * (y1 - y0)))
    around = np.abs(departure[max(0, y0 - pad_y) : y1 + pad_y, max(0, x0 - pad_x) : x1 + pad_x])
    inside = np.abs(departure[y0:y1, x0:x1])
    outside_total = float(around.sum() - inside.sum())
    outside = outside_total / max(1, around.size - inside.size)
    # Smoke fills part of its box only: the upper quartile stands for it.
    return max(0.0, float(np.quantile(inside, 0.75)) - outside)


def inside_of(boxes: npt.NDArray[np.float32], shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return (height, width) True inside any of (N, 4) boxes."""
    flags = np.zeros(shape, np.bool_)
    for box in boxes:
        x0, y0, x1, y1 = _pixels(box, shape[1], shape[0])
        flags[y0:y1, x0:x1] = True
    return flags


def _pixels(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    x0, y0 = max(0, int(box[0] * width)), max(0, int(box[1] * height))
    x0, y0 = min(x0, width - 2), min(y0, height - 2)
    return (
        x0,
        y0,
        max(x0 + 2, min(width, round(float(box[2]) * width))),
        max(y0 + 2, min(height, round(float(box[3]) * height))),
    )
