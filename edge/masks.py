"""Blacken private areas before a pixel leaves the node."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt


def burn_in(image: npt.NDArray[np.uint8], masks: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.uint8]:
    """Return a writable copy of a (height, width, 3) picture with every mask polygon (V, 2; 0..1) filled black."""
    private = np.array(image)  # one copy per piece of evidence, not per frame
    height, width = private.shape[:2]
    for mask in masks:
        # Rounded outwards by a pixel: a mask that leaks its border is no mask.
        corners = np.round(mask * (width, height)).astype(np.int32)
        cv2.fillPoly(private, [corners], (0, 0, 0))
        cv2.polylines(private, [corners], True, (0, 0, 0), thickness=3)
    return private
