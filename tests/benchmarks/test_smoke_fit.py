"""The scorer's fit: it learns what separates, keeps every sign, and is judged on cameras that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.smoke_material.fit import Examples, fit, left_out, written
from edge.smoke.evidence import AGAINST, NUMBERS, Weights

NAMES = list(NUMBERS)


def examples(flip: float = 1.0) -> Examples:
    """Return three cameras on which a higher score (and less company) means fire, or the reverse for `flip` -1."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 300).astype(np.float64)
    table = rng.normal(0, 1, (300, len(NAMES)))
    table[:, NAMES.index("score")] += 2 * flip * truth
    table[:, NAMES.index("company")] -= 2 * flip * truth
    return Examples(table, truth, np.ones(300), np.array(["a", "b", "c"] * 100))


def test_what_separates_fires_gets_the_weight():
    weights = fit(examples())

    assert weights.of["score"] > 3 * weights.of["rise"]
    assert weights.of["company"] < 0


def test_no_data_can_turn_a_sign_round():
    weights = fit(examples(flip=-1.0))

    assert 0 == weights.of["score"]
    assert 0 == weights.of["company"]
    assert all(value <= 0 if name in AGAINST else value >= 0 for name, value in weights.of.items())


def test_each_camera_is_judged_by_weights_from_the_others():
    judged = list(left_out(examples()))

    assert ["a", "b", "c"] == [camera for camera, *_ in judged]
    assert all(area > 0.9 for _, area, *_ in judged)


def test_fires_alone_teach_nothing():
    one_kind = examples()

    with pytest.raises(ValueError, match="what is none"):
        fit(Examples(one_kind.numbers, np.ones(300), one_kind.weights, one_kind.cameras))


def test_what_is_written_is_read_back():
    weights, room = fit(examples()), {}

    exec(written(weights), room)

    assert isinstance(room["WEIGHTS"], Weights)
    assert weights == room["WEIGHTS"]
