"""Is a light a flame? Flames are yellow inside and red outside and never keep still; lamps, beacons and the sun do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.picture import Picture, Region

Box = npt.NDArray[np.float32]  # (4,) x0 y0 x1 y1, each 0..1
Mask = npt.NDArray[np.bool_]  # (SIDE, SIDE)

SIDE: Final = 32  # pixels: enough for a shape, and the same for every box
BRIGHT: Final = 0.75  # of the brightest red in the box: what shines in it
LEAST_RED: Final = 120  # below it nothing shines
WARMER: Final = 40  # red above blue in a flame's rim; lamps of white light and the moon have less
YELLOW, RED = 0.85, 0.35  # green over red between which fire is coloured; beacons and tail-lights lie below
LEAST_WARM: Final = 0.15  # of what shines must have the colours of fire: 81 % of 318 labelled near flames have 0.25
GREY: Final = 6  # levels of difference between colours, from compression alone
STILL: Final = 0.80  # overlap of what shines now and at the look before, from which a light stands still: a lamp


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """What shines in a box: `warm`, the share of it in the colours of fire, and its shape."""

    warm: float
    shape: Mask


def light_in(picture: Picture, box: Box) -> Light:
    """Return what shines in `box`."""
    region: Region = (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
    pixels = picture.scaled(SIDE, SIDE, region=region).astype(np.int16)
    blue, green, red = np.moveaxis(pixels, 2, 0)
    shape = red >= max(LEAST_RED, BRIGHT * float(red.max()))
    warm = shape & (red - blue >= WARMER) & (green <= YELLOW * red) & (green >= RED * red)
    is_grey = int(np.abs(red - blue).max()) <= GREY  # infrared: there is no colour to judge by
    return Light(1.0 if is_grey else float(warm.sum() / max(1, shape.sum())), shape)


def is_flame(picture: Picture, box: Box, before: tuple[Box, Light] | None) -> bool:
    """Return whether what shines in `box` has the colours of fire and keeps changing its shape.

    `before` is the box of the look before and what shone in it then: the same place is compared, because boxes jump.
    """
    if before is None or light_in(picture, box).warm < LEAST_WARM:
        return False
    old_box, old = before
    return overlap(light_in(picture, old_box).shape, old.shape) < STILL


def overlap(a: Mask, b: Mask) -> float:
    """Return the shared share of two shapes, 1 for the same."""
    return float((a & b).sum() / max(1, (a | b).sum()))
