"""Whether people would see a plume: as large, and as different from what is beside it, as those that they labelled."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from benchmarks.smoke_material.stills import Image
from detectors.picture import Region

# Of 743 plumes that people labelled in pictures of 640 pixels, 99 in 100 are at least as large, and 95 in 100 at least
# as distinct (docs/decisions/0169).
LEAST_SIDE_PX: Final = 16.0  # square root of the area of its box
LEAST_DISTINCT: Final = 0.13  # spreads of what is beside it
LEAST_BESIDE_PX: Final = 3


def is_seen(image: Image, box: Region) -> bool:
    """Return whether people would see what is in `box` (x0 y0 x1 y1, each 0..1)."""
    area = (box[2] - box[0]) * (box[3] - box[1]) * image.shape[0] * image.shape[1]
    return area >= LEAST_SIDE_PX**2 and distinctness(image, box) >= LEAST_DISTINCT


def distinctness(image: Image, box: Region) -> float:
    """Return how far the colour (CIELAB) in `box` is from that beside it in the same rows, in spreads of what is there.

    The same rows only: a plume in front of a ridge must not count the sky above it. 0 where there is nothing beside it.
    """
    height, width = image.shape[:2]
    x0, y0 = max(0, int(box[0] * width)), max(0, int(box[1] * height))
    x1, y1 = min(width, max(x0 + 2, round(box[2] * width))), min(height, max(y0 + 2, round(box[3] * height)))
    beside = max(LEAST_BESIDE_PX, (x1 - x0) // 2)
    left, right = max(0, x0 - beside), min(width, x1 + beside)
    rows = cv2.cvtColor(np.ascontiguousarray(image[y0:y1, left:right]), cv2.COLOR_BGR2LAB).astype(np.float64)
    inside = rows[:, x0 - left : x1 - left]
    around = np.concatenate([rows[:, : x0 - left], rows[:, x1 - left :]], axis=1)
    if around.shape[1] < 2 or not inside.size:
        return 0.0
    apart = float(np.linalg.norm((inside.mean(axis=1) - around.mean(axis=1)).mean(axis=0)))
    return apart / (float(np.sqrt(around.var(axis=1).mean(axis=0).sum())) + 1.0)  # one grey level: what a sensor adds
