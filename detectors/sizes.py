"""Which input size suits a picture: as wide as the model was trained for, and no higher than the picture needs."""

from __future__ import annotations

from typing import TypeAlias

Size: TypeAlias = tuple[int, int]  # width, height in pixels

STEP_PX = 32  # the coarsest grid of the detectors


def fitting(width: int, height: int, longest: int) -> Size:
    """Return the least size in steps of 32 that holds a `width` x `height` picture scaled to `longest` pixels.

    A 16:9 picture at 640 needs 640x384: 40 % less to look at than a square.
    """
    zoom = longest / max(width, height)
    return _up(width * zoom), _up(height * zoom)


def _up(length: float) -> int:
    return max(STEP_PX, STEP_PX * -(-round(length) // STEP_PX))


def waste(size: Size, width: int, height: int) -> float:
    """Return the share of `size` that stays grey when a `width` x `height` picture is fitted into it."""
    zoom = min(size[0] / width, size[1] / height)
    return 1 - (width * zoom) * (height * zoom) / (size[0] * size[1])
