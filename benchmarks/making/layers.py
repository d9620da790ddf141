"""Take what moves out of a fixed camera's footage, and put it back elsewhere in the picture or in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Image

Alpha: TypeAlias = npt.NDArray[np.float32]  # (height, width) 0..1
Box: TypeAlias = tuple[int, int, int, int]  # x0 y0 x1 y1 in pixels

STANDS_OUT: Final = 22.0  # grey levels from the empty picture
PLATE_FROM: Final = 41  # pictures whose median is the empty picture
SOFT_PX: Final = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A piece of a picture with its outline."""

    image: Image
    alpha: Alpha
    box: Box


def plate(images: list[Image]) -> Image:
    """Return the picture without what moves: the median over time."""
    rows = np.linspace(0, len(images) - 1, min(PLATE_FROM, len(images))).astype(int)
    return np.asarray(np.median(np.stack([images[i] for i in rows]), axis=0), np.uint8)


def blobs(image: Image, empty: Image, smallest: int = 150) -> list[tuple[Box, npt.NDArray[np.uint8]]]:
    """Return what stands out from the empty picture, largest first, each with its mask over the whole picture."""
    apart = np.abs(image.astype(np.float32) - empty).max(axis=2)
    mask = (cv2.GaussianBlur(apart, (0, 0), 1.0) > STANDS_OUT).astype(np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), np.uint8)
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask)
    order = sorted(range(1, count), key=lambda i: -int(stats[i, cv2.CC_STAT_AREA]))
    kept = [i for i in order if stats[i, cv2.CC_STAT_AREA] >= smallest]
    return [(_box(stats[i]), _filled((names == i).astype(np.uint8))) for i in kept]


def at_place(image: Image, empty: Image, near: tuple[float, float], reach: float = 0.15) -> Cutout | None:
    """Return the largest thing whose middle lies within `reach` picture widths of `near` (0..1), or None."""
    height, width = image.shape[:2]
    for box, mask in blobs(image, empty):
        x, y = (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height
        if np.hypot(x - near[0], (y - near[1]) * height / width) <= reach:
            return Cutout(image, _soft(mask), box)
    return None


def cropped(thing: Cutout, box: Box) -> Cutout:
    """Return what of `thing` lies within `box`."""
    x0, y0, x1, y1 = (max(thing.box[0], box[0]), max(thing.box[1], box[1]),
                      min(thing.box[2], box[2]), min(thing.box[3], box[3]))  # fmt: skip
    alpha = np.zeros_like(thing.alpha)
    alpha[y0:y1, x0:x1] = thing.alpha[y0:y1, x0:x1]
    return Cutout(thing.image, alpha, (x0, y0, x1, y1))


def with_thing(image: Image, thing: Cutout) -> Image:
    """Return the picture with `thing` where it was."""
    return _mixed(image, thing.image, thing.alpha)


def pasted(image: Image, thing: Cutout, foot: tuple[float, float], tall: float) -> Image:
    """Return the picture with `thing` standing at `foot` (0..1) and `tall` picture heights high."""
    x0, y0, x1, y1 = thing.box
    scale = tall * image.shape[0] / max(y1 - y0, 1)
    size = (max(2, round((x1 - x0) * scale)), max(2, round((y1 - y0) * scale)))
    piece = cv2.resize(thing.image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(thing.alpha[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
    left, top = round(foot[0] * image.shape[1] - size[0] / 2), round(foot[1] * image.shape[0] - size[1])
    canvas, mask = image.copy(), np.zeros(image.shape[:2], np.float32)
    a0, b0, a1, b1 = max(left, 0), max(top, 0), min(left + size[0], image.shape[1]), min(top + size[1], image.shape[0])
    if a1 <= a0 or b1 <= b0:
        return image
    canvas[b0:b1, a0:a1] = piece[b0 - top : b1 - top, a0 - left : a1 - left]
    mask[b0:b1, a0:a1] = alpha[b0 - top : b1 - top, a0 - left : a1 - left]
    return _mixed(image, canvas, mask)


def _mixed(below: Image, above: Image, alpha: Alpha) -> Image:
    mixed = below + alpha[..., None] * (above.astype(np.float32) - below)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _soft(mask: npt.NDArray[np.uint8]) -> Alpha:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), SOFT_PX), np.float32)


def _filled(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    full = np.zeros_like(mask)
    cv2.drawContours(full, outlines, -1, 1, cv2.FILLED)
    return full


def _box(stats: npt.NDArray[np.int32]) -> Box:
    x, y, w, h = (int(v) for v in stats[:4])
    return (x, y, x + w, y + h)
