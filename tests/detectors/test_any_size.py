"""One model in any size of input: windows keep the scale of the whole, and what is kept is bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.any_size import SIZES_KEPT, AnySizeDetector
from detectors.crop import Crop
from detectors.detections import Detections
from detectors.picture import Picture
from detectors.sizes import Size
from tests.detectors.pictures import plain


class OfOneSize:
    """Sees nothing, and knows what it was shown."""

    labels = ("car",)

    def __init__(self, size: Size) -> None:
        self.size, self.tried, self.shown = size, False, list[Picture]()

    def warm_up(self) -> None:
        self.tried = True

    def detect(self, pictures: Sequence[Picture], *, floor: float | None = None) -> list[Detections]:
        self.shown += pictures
        return [Detections.none() for _ in pictures]


class Workshop:
    def __init__(self) -> None:
        self.made: list[OfOneSize] = []

    def __call__(self, size: Size) -> OfOneSize:
        self.made.append(OfOneSize(size))
        return self.made[-1]


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def detector(workshop) -> AnySizeDetector:
    return AnySizeDetector(workshop, 640, [(1920, 1080)])


def test_the_expected_shape_is_tried_before_the_first_picture(detector, workshop):
    assert [(made.size, made.tried) for made in workshop.made] == [((640, 384), True)]
    assert detector.labels == ("car",)


def test_a_window_is_looked_at_in_the_scale_of_the_whole(detector, workshop):
    picture = plain(1920, 1080)

    detector.window(picture, (0.25, 0.0, 0.55, 320 / 360))

    assert detector.scaled(picture) == (640, 360)
    assert workshop.made[-1].size == (192, 320)
    (shown,) = workshop.made[-1].shown
    assert isinstance(shown, Crop)
    assert (shown.width, shown.height) == (192 * 3, 320 * 3)


def test_windows_of_one_size_share_what_was_made_for_it(detector, workshop):
    for left in (0.0, 0.1, 0.2):
        detector.window(plain(1920, 1080), (left, 0.0, left + 0.3, 0.5))

    assert len(workshop.made) == 2


def test_the_size_that_was_not_used_for_longest_is_forgotten(detector, workshop):
    square = plain(640, 640)
    windows = [(0.0, 0.0, wide / 20, high / 20) for wide in range(1, 10) for high in range(1, 9)]

    for window in windows:
        detector.window(square, window)
        detector.detect([plain(640, 360)])
    for window in (windows[-1], windows[0]):
        detector.window(square, window)

    assert len(windows) > SIZES_KEPT
    sizes = [made.size for made in workshop.made]
    assert [sizes.count(size) for size in ((640, 384), (288, 256), (32, 32))] == [1, 1, 2]


def test_pictures_are_answered_one_by_one(detector):
    assert [len(found) for found in detector.detect([plain(64, 36), plain(36, 64)])] == [0, 0]
    assert np.array_equal(detector.detect([]), [])
