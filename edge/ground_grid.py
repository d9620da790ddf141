"""Draw the metre grid of a calibrated ground into a picture, for people to judge it by."""

from __future__ import annotations

import itertools
from typing import Final

import cv2
import numpy as np

from detectors.picture import Image
from edge.geometry import Points
from edge.ground import Ground

BEYOND: Final = 0.6  # of the reference area's extent that the grid goes on for, on each side
MOST_LINES: Final = 24
FONT: Final = 0.45
STEPS_M: Final = (0.5, 1, 2, 5, 10, 20, 50, 100)
LINE, REFERENCE, TEXT = (80, 220, 80), (60, 60, 255), (255, 255, 255)


def drawn(image: Image, ground: Ground) -> Image:
    """Return a copy of a (height, width, 3) picture with the grid, its metres, and the reference points."""
    canvas = np.array(image)
    low, high = ground.on_ground.min(axis=0), ground.on_ground.max(axis=0)
    margin = BEYOND * (high - low)
    step = _step(high - low + 2 * margin)
    first, last = np.floor((low - margin) / step) * step, np.ceil((high + margin) / step) * step
    for axis in range(2):
        for at in np.arange(first[axis], last[axis] + step / 2, step):
            _grid_line(canvas, ground, axis, float(at), (float(first[1 - axis]), float(last[1 - axis])))
    for number, (place, metres) in enumerate(zip(ground.at, ground.on_ground, strict=True), start=1):
        _mark(canvas, place, f"{number}: {metres[0]:.1f}, {metres[1]:.1f} m")
    _write(canvas, (10, 22), f"grid {step:g} m")
    return canvas


def _step(extent: Points) -> float:
    return next((s for s in STEPS_M if extent.max() / s <= MOST_LINES), STEPS_M[-1])


def _grid_line(canvas: Image, ground: Ground, axis: int, at: float, reach: tuple[float, float]) -> None:
    along = np.linspace(*reach, 60)
    metres = np.full((60, 2), at)
    metres[:, 1 - axis] = along
    seen = ground.picture(metres)
    size = np.array([canvas.shape[1], canvas.shape[0]])
    for a, b in itertools.pairwise(seen):
        if np.isfinite([a, b]).all() and np.abs([a, b]).max() < 3:
            _line(canvas, a * size, b * size)


def _line(canvas: Image, a: Points, b: Points) -> None:
    ends = [(round(float(x)), round(float(y))) for x, y in (a, b)]
    cv2.line(canvas, ends[0], ends[1], LINE, 1, cv2.LINE_AA)


def _mark(canvas: Image, place: Points, text: str) -> None:
    x, y = round(float(place[0]) * canvas.shape[1]), round(float(place[1]) * canvas.shape[0])
    cv2.drawMarker(canvas, (x, y), REFERENCE, cv2.MARKER_CROSS, 14, 2)
    _write(canvas, (x + 10, y - 8), text)


def _write(canvas: Image, at: tuple[int, int], text: str) -> None:
    """Write on a dark ground, inside the picture."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, FONT, 1)
    x = max(4, min(at[0], canvas.shape[1] - width - 6))
    y = max(height + 4, min(at[1], canvas.shape[0] - 6))
    cv2.rectangle(canvas, (x - 3, y - height - 3), (x + width + 3, y + 4), (0, 0, 0), cv2.FILLED)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, FONT, TEXT, 1, cv2.LINE_AA)
