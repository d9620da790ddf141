"""A picture lands in the input where the card says, in its order and scale, and boxes find the way back."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.letterbox import Letterbox, Placement
from detectors.sizes import fitting, waste
from models.card import InputCard
from tests.detectors.pictures import plain


def test_a_wide_picture_lies_in_the_middle_with_grey_above_and_below():
    box = Letterbox(InputCard(width=64, height=64), 64, 64)
    batch = box.empty(1)

    place = box.fill(batch[0], plain(200, 100, (10, 20, 30)))

    assert place == Placement(0, 16, 64, 32)
    assert np.allclose(batch[0, :, 16:48], np.array([30, 20, 10])[:, None, None] / 255, atol=1.5 / 255)
    assert np.allclose(batch[0, :, :16], 114 / 255) and np.allclose(batch[0, :, 48:], 114 / 255)


def test_a_card_may_want_bgr_its_own_scale_and_the_corner():
    card = InputCard(width=64, height=64, order="bgr", mean=(1, 2, 3), scale=(1, 2, 4), align="corner", border=0)
    box = Letterbox(card, 64, 64)
    batch = box.empty(1)

    place = box.fill(batch[0], plain(100, 200, (10, 20, 30)))

    assert place == Placement(0, 0, 32, 64)
    assert np.allclose(batch[0, :, 5, 5], [9, 36, 108], atol=8)
    assert np.allclose(batch[0, :, 5, 50], [-1, -4, -12])


def test_a_small_picture_after_a_large_one_leaves_nothing_of_it_behind():
    box = Letterbox(InputCard(width=64, height=64), 64, 64)
    used, fresh = box.empty(1), box.empty(1)
    box.fill(used[0], plain(64, 64, (255, 255, 255)))

    box.fill(used[0], plain(64, 16))
    box.fill(fresh[0], plain(64, 16))

    assert np.array_equal(used, fresh)


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (704, 576), (360, 640), (1, 4000), (63, 65)])
def test_the_whole_picture_comes_back_as_zero_to_one(width: int, height: int):
    place = Letterbox(InputCard(width=640, height=384), 640, 384).place(width, height)

    corners = np.array([[place.x, place.y, place.x + place.width, place.y + place.height]], np.float32)

    assert np.allclose(place.shares(corners), [[0, 0, 1, 1]])
    assert place.x >= 0 and place.x + place.width <= 640 and place.y >= 0 and place.y + place.height <= 384


def test_boxes_beyond_the_picture_are_cut_off_at_its_edge():
    place = Placement(0, 16, 64, 32)

    assert np.allclose(place.shares(np.array([[-5, 0, 70, 32]], np.float32)), [[0, 0, 1, 0.5]])


@pytest.mark.parametrize(
    ("picture", "size"),
    [((1920, 1080), (640, 384)), ((640, 360), (640, 384)), ((704, 576), (640, 544)), ((768, 576), (640, 480)),
     ((1080, 1920), (384, 640)), ((512, 512), (640, 640)), ((4000, 10), (640, 32))],
)  # fmt: skip
def test_each_shape_of_picture_has_its_input_size(picture, size):
    assert fitting(*picture, 640) == size


def test_waste_is_the_share_of_grey():
    assert waste((640, 640), 640, 320) == pytest.approx(0.5)
    assert waste((640, 320), 640, 320) == pytest.approx(0)
