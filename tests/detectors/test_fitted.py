"""One model in several input sizes: each picture goes to the size of its shape, and results keep their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.detections import Detections
from detectors.fitted import MOST_SIZES, FittedDetector
from detectors.picture import Picture
from detectors.sizes import Size
from tests.detectors.pictures import plain


class OfOneSize:
    """Answers each picture with one box whose score is the height of the input."""

    labels = ("car",)
    providers = ("CPUExecutionProvider",)

    def __init__(self, size: Size) -> None:
        self.size, self.batches = size, []

    def detect(self, pictures: Sequence[Picture], *, floor: float | None = None) -> list[Detections]:
        self.batches.append(len(pictures))
        score = np.array([self.size[1]], np.float32)
        return [Detections(np.zeros((1, 4), np.float32), score, np.array(["car"])) for _ in pictures]


class Workshop:
    def __init__(self) -> None:
        self.made: list[OfOneSize] = []

    def __call__(self, size: Size) -> OfOneSize:
        self.made.append(OfOneSize(size))
        return self.made[-1]


def test_pictures_of_one_shape_share_a_batch_and_answers_keep_their_order():
    workshop = Workshop()
    detector = FittedDetector(workshop, 640, [(1920, 1080)])

    found = detector.detect([plain(160, 90), plain(160, 120), plain(320, 180), plain(90, 160)])

    assert [one.scores[0] for one in found] == [384, 480, 384, 640]
    assert detector.sizes == ((640, 384), (640, 480), (384, 640))
    assert workshop.made[0].batches == [2]


def test_expected_shapes_are_ready_before_the_first_picture():
    workshop = Workshop()

    FittedDetector(workshop, 640, [(1920, 1080), (704, 576)])

    assert [made.size for made in workshop.made] == [(640, 384), (640, 544)]


def test_the_number_of_sizes_is_bounded():
    workshop = Workshop()
    detector = FittedDetector(workshop, 640, [])

    for height in range(40, 320, 20):
        detector.detect([plain(320, height)])

    assert len(workshop.made) == MOST_SIZES
