"""Blacken private areas before a pixel leaves the node."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt


def burn_in(image: npt.NDArray[np.uint8], masks: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.uint8]:
    """Return a writable copy of a (height, width, 3) picture with every mask polygon (V, 2; 0..1) filled black."""
    private = np.array(image)  # one copy per piece of evidence, not per frame
    for mask in masks:
        cv2.drawContours(private, _outlines(mask, *private.shape[:2]), -1, (0, 0, 0), cv2.FILLED)
    return private


def _outlines(mask: npt.NDArray[np.float64], height: int, width: int) -> Sequence[npt.NDArray[np.int32]]:
    """Return what surrounds the mask. Where its lines cross, filling by parity would leave windows open."""
    area = np.zeros((height, width), np.uint8)
    # Rounded outwards by a pixel: a mask that leaks its border is no mask.
    corners = np.round(mask * (width, height)).astype(np.int32)
    cv2.fillPoly(area, [corners], 255)
    cv2.polylines(area, [corners], True, 255, thickness=3)
    found, _ = cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(outline, np.int32) for outline in found]
