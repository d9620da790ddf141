"""How tall things look where their feet stand: calibrated, learned, and doubted."""

from __future__ import annotations

import numpy as np
import pytest

from edge.ground import Ground, GroundSettings
from edge.perspective import HEIGHTS_M, Perspective
from edge.tracks import Tracks
from tests.edge.test_ground import ASPECT, CORNERS, FOCAL, HEIGHT_M, TILT, seen, settings


def one(track: int, label: str, x: float, y: float, height: float, time_s: float = 0.0) -> Tracks:
    box = np.array([[x - height / 4, y - height, x + height / 4, y]], np.float32)
    numbers = np.array([time_s])
    return Tracks(np.array([track]), np.array([label]), box, box, np.array([0.8], np.float32), numbers, numbers)


def top_of(across: float, ahead: float, tall_m: float) -> float:
    """Picture y of the top of something upright, seen by the camera of `test_ground`."""
    depth = ahead * np.cos(TILT) + (HEIGHT_M - tall_m) * np.sin(TILT)
    down = (HEIGHT_M - tall_m) * np.cos(TILT) - ahead * np.sin(TILT)
    return float(0.5 + FOCAL * down / depth)


@pytest.mark.parametrize("ahead", [14.0, 22.0, 40.0])
def test_a_calibrated_ground_tells_how_tall_a_person_looks(ahead: float):
    foot = seen(np.array([[1.0, ahead]]))[0]
    height = float(foot[1]) - top_of(1.0, ahead, 1.7)
    perspective = Perspective(Ground(settings(seen(CORNERS), CORNERS), ASPECT), ASPECT)

    ratio = perspective.ratios(one(1, "person", float(foot[0]), float(foot[1]), height))

    assert ratio is not None and ratio[0] == pytest.approx(1.0, rel=0.03)


def taught(walkers: int = 40) -> Perspective:
    """A camera that has seen people walk down a picture whose horizon is at a fifth of its height."""
    rng = np.random.default_rng(5)
    perspective = Perspective()
    for track in range(walkers):
        x = float(rng.uniform(0.2, 0.8))
        for step, y in enumerate(np.arange(0.4, 0.9, 0.02)):
            height = 0.5 * (y - 0.2) * float(rng.normal(1, 0.08))
            perspective.learn(one(track, "person", x, float(y), height, step / 5), step / 5)
    return perspective


def test_traffic_teaches_how_tall_things_look():
    ratios = taught().ratios(one(99, "person", 0.5, 0.6, 0.2))

    assert ratios is not None and ratios[0] == pytest.approx(1.0, rel=0.1)


def test_what_one_label_taught_holds_for_another():
    car = 0.2 * HEIGHTS_M["car"] / HEIGHTS_M["person"]

    ratios = taught().ratios(one(99, "car", 0.5, 0.6, car))

    assert ratios is not None and ratios[0] == pytest.approx(1.0, rel=0.1)


def test_a_few_walkers_teach_nothing_yet():
    assert taught(walkers=10).ratios(one(99, "person", 0.5, 0.6, 0.2)) is None


def test_what_does_not_move_teaches_nothing():
    perspective = Perspective()
    for track in range(100):
        for step in range(20):
            perspective.learn(one(track, "person", 0.5, 0.6, 0.6, step / 5), step / 5)

    assert perspective.ratios(one(999, "person", 0.5, 0.6, 0.2)) is None


@pytest.mark.parametrize(("label", "y", "height"), [("person", 0.35, 0.1), ("person", 0.995, 0.3), ("dog", 0.6, 0.1)])
def test_where_and_of_what_nothing_is_known_nothing_is_said(label: str, y: float, height: float):
    perspective = taught()
    nowhere = one(99, label, 0.5, y - 0.1 if y == 0.35 else y, height)

    ratios = perspective.ratios(nowhere)

    assert ratios is not None and np.isnan(ratios[0])


def test_ended_tracks_are_forgotten():
    perspective = taught()

    perspective.forget(range(40))

    assert perspective._last == {}


def test_a_ground_that_is_square_on_has_heights_too():
    flat = GroundSettings.model_validate(
        {"points": [{"at": a, "metres": m} for a, m in (([0.2, 0.2], [0, 0]), ([0.8, 0.2], [6, 0]),
                                                        ([0.8, 0.8], [6, -6]), ([0.2, 0.8], [0, -6]))]}
    )  # fmt: skip

    ratios = Perspective(Ground(flat, 1.0), 1.0).ratios(one(1, "person", 0.5, 0.6, 0.2))

    assert ratios is not None and ratios[0] > 0
