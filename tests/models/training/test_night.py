"""Nights made of days: dark, with lamps that are nothing and flames that are labelled where they glow."""

from __future__ import annotations

import numpy as np

from models.training.hard import HardViews
from models.training.night import FLAME, dusky, flames_of, night
from models.training.pictures import Labelled

NO_BOXES = np.zeros((0, 4), np.float32)
NO_CLASSES = np.zeros(0, np.int64)


def day(value: int = 150) -> Labelled:
    return Labelled("day", "a", np.full((240, 320, 3), value, np.uint8), NO_BOXES, NO_CLASSES)


def fire(bgr: tuple[int, int, int]) -> Labelled:
    pixels = np.full((100, 100, 3), 30, np.uint8)
    pixels[30:70, 30:70] = bgr
    return Labelled("fire", "b", pixels, np.array([[30, 30, 70, 70]], np.float32), np.array([FLAME]))


def test_a_night_is_dark():
    made = night(day(), [], np.random.default_rng(0))

    assert np.median(made.pixels) < 90
    assert not len(made.boxes)


def test_a_flame_is_labelled_where_it_glows():
    flames = flames_of([fire((20, 120, 250))])
    nights = [night(day(), flames, np.random.default_rng(seed)) for seed in range(30)]

    lit = [one for one in nights if len(one.boxes)]
    assert len(lit) > 8
    for one in lit:
        x0, y0, x1, y1 = one.boxes[0].astype(int)
        assert one.pixels[y0:y1, x0:x1, 2].mean() > np.median(one.pixels[..., 2])
        assert [FLAME] == one.classes.tolist()


def test_an_overexposed_flame_is_not_used():
    assert not flames_of([fire((250, 250, 250))])
    assert 1 == len(flames_of([fire((20, 120, 250))]))


def test_at_dusk_flames_stay_bright_and_the_rest_goes_dark():
    item = fire((20, 120, 250))
    item.pixels[:10] = 120

    made = dusky(item, np.random.default_rng(0))

    assert made.pixels[50, 50, 2] > 0.9 * 250
    assert made.pixels[5, 5, 2] < 0.75 * 120
    assert item.boxes is made.boxes


def test_only_the_latest_false_alarms_are_remembered():
    views = HardViews([day()])
    rng = np.random.default_rng(0)

    for _ in range(4):
        views.search(lambda pixels: np.zeros((300, 4), np.float32), 5, rng)

    assert 600 == len(views)
