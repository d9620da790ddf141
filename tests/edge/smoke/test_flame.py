"""Flames have the colours of fire and never keep still; lamps, beacons and white lights are told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.smoke.flame import is_flame, light_in
from rtsp.picture import VideoPicture
from tests.edge.smoke.scenes import Lookout, said

BOX = np.array([0.45, 0.4, 0.55, 0.6], np.float32)
FIRE, HEADLIGHT, BEACON = (30, 150, 250), (255, 246, 236), (40, 30, 240)  # BGR


def night(colour, seed=0, wobble=0.0):
    """Return a dark view with one light in `BOX`, its outline shaken by `wobble` of its size."""
    rng = np.random.default_rng(seed)
    view = np.full((360, 640, 3), 10, np.uint8)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    reach = 24 * (1 + wobble * rng.uniform(-1, 1, 12))
    outline = np.stack([320 + reach * np.cos(angles), 180 + reach * np.sin(angles)], axis=1)
    cv2.fillPoly(view, [outline.astype(np.int32)], colour)
    return cv2.GaussianBlur(view, (0, 0), 2.0)


def judged(colour, wobble):
    first, second = (VideoPicture.of(night(colour, seed, wobble)) for seed in (1, 2))
    return is_flame(second, BOX, (BOX, light_in(first, BOX)))


@pytest.mark.parametrize(
    ("colour", "wobble", "burns"),
    [(FIRE, 0.7, True), (FIRE, 0.0, False), (HEADLIGHT, 0.7, False), (BEACON, 0.7, False)],
)
def test_a_flame_has_the_colours_of_fire_and_keeps_changing(colour, wobble, burns):
    assert burns == judged(colour, wobble)


def test_a_single_look_at_a_light_says_nothing():
    assert not is_flame(VideoPicture.of(night(FIRE)), BOX, None)


def test_infrared_is_judged_by_shape_alone():
    assert judged((230, 230, 230), 0.7)
    assert not judged((230, 230, 230), 0.0)


@pytest.mark.parametrize(("wobble", "is_told"), [(0.7, True), (0.0, False)])
def test_a_lamp_switched_on_at_night_is_not_reported_and_a_fire_is(wobble, is_told):
    lookout = Lookout()
    for step in range(60):
        lookout.see(said(), night((10, 10, 10), step).astype(np.float32))

    for step in range(10):
        lookout.see(said((tuple(BOX), 0.7, "flame")), night(FIRE, step, wobble).astype(np.float32))

    assert is_told == ("start" in lookout.phases)
