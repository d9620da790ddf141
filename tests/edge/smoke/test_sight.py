"""Far and near sight: the band lies on the horizon, and what both looks show is reported once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.detections import Detections
from detectors.picture import Picture
from edge.smoke.sight import ABOVE, BELOW, FarSight, band_of, horizon
from tests.edge.smoke.scenes import hill, picture, said


class Eyes:
    """A detector that says the same of every picture and remembers what it was shown."""

    labels = ("smoke", "flame")

    def __init__(self, says: Detections) -> None:
        self.says = says
        self.shapes: list[tuple[int, int]] = []

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        self.shapes += [(one.width, one.height) for one in pictures]
        return [self.says for _ in pictures]


def test_the_horizon_is_where_land_begins():
    view = picture(hill())  # land from row 150 of 360

    assert horizon(view.gray(160, 96)) == pytest.approx(150 / 360, abs=0.04)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_view_without_a_horizon_still_has_a_band(grey):
    x0, top, x1, bottom = band_of(picture(np.full((360, 640, 3), float(grey), np.float32)))

    assert (0.0, 1.0) == (x0, x1)
    assert bottom - top == pytest.approx(ABOVE + BELOW)
    assert top >= 0
    assert bottom <= 1


def test_the_far_look_sees_the_band_alone_and_the_near_look_everything():
    far, near = Eyes(Detections.none()), Eyes(Detections.none())

    FarSight(far, near).detect([picture(hill())])

    assert [(640, round(360 * (ABOVE + BELOW)))] == far.shapes
    assert [(640, 360)] == near.shapes


def test_boxes_of_the_band_come_back_in_shares_of_the_picture():
    view = picture(hill())
    _, top, _, bottom = band_of(view)
    far = Eyes(said(((0.5, 0.25, 0.6, 0.75), 0.8)))

    (found,) = FarSight(far, Eyes(Detections.none())).detect([view])

    height = bottom - top
    assert found.boxes[0] == pytest.approx([0.5, top + 0.25 * height, 0.6, top + 0.75 * height], abs=1e-5)


def test_what_both_looks_show_is_reported_once():
    view = picture(hill())
    _, top, _, bottom = band_of(view)
    height = bottom - top
    same = (0.5, top + 0.25 * height, 0.6, top + 0.75 * height)

    (found,) = FarSight(Eyes(said(((0.5, 0.25, 0.6, 0.75), 0.8))), Eyes(said((same, 0.6)))).detect([view])

    assert found.scores.tolist() == pytest.approx([0.8])
