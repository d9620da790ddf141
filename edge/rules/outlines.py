"""Outlines that are not part of the background: what moves, whatever it is and however it is lit.

Edges are compared, not brightness. A headlight's beam on the road, a cloud's shadow, an exposure that changes and the
glow of a wet street are soft; vehicles have outlines, by night those of their lamps and windows.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.detections import Boxes
from detectors.picture import Picture, Region
from edge.geometry import Points

Plane: TypeAlias = npt.NDArray[np.float32]

WIDTH: Final = 320  # of the whole picture, in which everything below is measured
MARGIN: Final = 0.25  # picture heights around the line that are looked at
SMOOTH_PX: Final = 1.0
EDGE: Final = 16.0  # grey levels a pixel: an edge that the background lacks
JOINS_PX: Final = 7  # edges so near to each other are one object's
SMALLEST, LARGEST = 0.001, 0.35  # of the picture
QUICK, SLOW = 40.0, 12.0  # grey levels a second by which the background follows, at first and later
YOUNG_S: Final = 2.0


class Outlines:
    """Learns the background around one line and finds what stands out from it."""

    def __init__(self, line: Points, aspect: float) -> None:
        margin = np.array([MARGIN / aspect, MARGIN])
        low, high = np.maximum(line.min(axis=0) - margin, 0), np.minimum(line.max(axis=0) + margin, 1)
        self._region: Region = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        self._width = max(16, round(WIDTH * float(high[0] - low[0])))
        self._height = max(16, round(WIDTH / aspect * float(high[1] - low[1])))
        self._background: Plane = np.zeros((0, 0), np.float32)
        self._last_s = self._age_s = 0.0

    def boxes(self, picture: Picture, time_s: float) -> Boxes:
        """Return (N, 4) boxes of the picture around what stands out at `time_s`, and learn the background."""
        gray = picture.gray(self._width, self._height, region=self._region)
        plane = cv2.GaussianBlur(gray.astype(np.float32), (0, 0), SMOOTH_PX)
        if not self._background.size:
            self._background, self._last_s = np.array(plane, np.float32), time_s
        apart = np.asarray(plane - self._background, np.float32)
        self._learn(apart, time_s)
        edges = cv2.magnitude(cv2.Sobel(apart, cv2.CV_32F, 1, 0), cv2.Sobel(apart, cv2.CV_32F, 0, 1))
        return self._around(np.asarray(edges > 8 * EDGE, np.uint8))  # Sobel's kernel sums to 8

    def _learn(self, apart: Plane, time_s: float) -> None:
        """Follow each pixel's median: steps of one size, whatever passes (Manzanera and Richefeu 2007)."""
        step_s, self._last_s = min(time_s - self._last_s, 1.0), time_s
        self._age_s += step_s
        most = step_s * (QUICK if self._age_s < YOUNG_S else SLOW)
        self._background += np.clip(apart, -most, most)

    def _around(self, mask: npt.NDArray[np.uint8]) -> Boxes:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (JOINS_PX, JOINS_PX))
        _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel))
        x0, y0, x1, y1 = self._region
        pixel = np.array([(x1 - x0) / self._width, (y1 - y0) / self._height])
        corners = np.concatenate([stats[1:, :2], stats[1:, :2] + stats[1:, 2:4]], axis=1) * np.tile(pixel, 2)
        sides = corners[:, 2:] - corners[:, :2]
        area = sides[:, 0] * sides[:, 1]
        found = corners[(area >= SMALLEST) & (area <= LARGEST)] + np.array([x0, y0, x0, y0])
        return np.asarray(found, np.float32)
