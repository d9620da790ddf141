"""Recognise a view by its ORB features (Rublee et al. 2011), and how far the picture has slid since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from detectors.picture import Gray

FEATURES: Final = 500
LEAST_POINTS, LEAST_SHARE = 15, 0.2  # matched features, and their share of all, that agree on one movement
TELLING: Final = 60  # features from which a view can be recognised at all
OFF_PX: Final = 3.0  # at which a match still agrees
SQUEEZED: Final = 0.2  # change of size beyond which it is no slide: another zoom is another pose


class View:
    """One picture's features, computed once and matched often."""

    def __init__(self, gray: Gray) -> None:
        orb = cv2.ORB_create(nfeatures=FEATURES, fastThreshold=8)  # type: ignore[attr-defined]
        points, self.words = orb.detectAndCompute(gray, None)
        self.points = np.array([point.pt for point in points], np.float32).reshape(-1, 2)
        self.shape = gray.shape

    @property
    def is_telling(self) -> bool:
        """Whether there is enough in it to recognise it by."""
        return self.words is not None and len(self.points) >= TELLING


@dataclass(frozen=True, slots=True)
class Match:
    """points: how many agree.   moved: how far the middle has, right and down, in picture widths."""

    points: int
    moved: tuple[float, float]


def match(known: View, now: View) -> Match | None:
    """Return how `now` shows what `known` shows, or None where they show different things."""
    if known.words is None or now.words is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(known.words, now.words)
    if len(pairs) < LEAST_POINTS:
        return None
    before = known.points[[pair.queryIdx for pair in pairs]]
    after = now.points[[pair.trainIdx for pair in pairs]]
    movement, agree = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=OFF_PX)
    count = 0 if agree is None else int(np.count_nonzero(agree))
    if movement is None or count < max(LEAST_POINTS, LEAST_SHARE * len(pairs)):
        return None
    movement = np.asarray(movement, np.float64)
    if abs(float(np.hypot(movement[0, 0], movement[1, 0])) - 1) > SQUEEZED:
        return None
    middle = np.array([known.shape[1], known.shape[0]]) / 2
    right, down = (middle @ movement[:, :2].T + movement[:, 2] - middle) / known.shape[1]
    return Match(count, (float(right), float(down)))
