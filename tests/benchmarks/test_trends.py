"""What grows is told from what wobbles, starts up or leaps once."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trends import MOST_POINTS, grown, theil_sen

TWO_HOURS = np.arange(0, 7200, 5.0)


def noise(size: int = len(TWO_HOURS)) -> np.ndarray:
    return np.random.default_rng(3).normal(0, 0.5, size)


def test_a_leak_is_found_under_noise():
    slope = theil_sen(TWO_HOURS, 300 + TWO_HOURS / 3600 * 2.0 + noise())

    assert slope is not None
    assert slope.per_h == pytest.approx(2.0, abs=0.15)
    assert slope.low_per_h < 2.0 < slope.high_per_h


def test_what_only_wobbles_has_no_slope():
    slope = theil_sen(TWO_HOURS, 300 + noise())

    assert slope is not None
    assert abs(slope.per_h) < 0.1


def test_the_warm_up_is_not_growth():
    values = 300 - 150 * np.exp(-TWO_HOURS / 60) + noise()

    whole, settled = theil_sen(TWO_HOURS, values), theil_sen(TWO_HOURS, values, after_s=600.0)

    assert whole is not None and settled is not None
    assert abs(settled.per_h) < 0.15


def test_a_few_wild_values_do_not_bend_the_slope():
    values = 300 + noise()
    values[-200::4] += 500

    slope = theil_sen(TWO_HOURS, values)
    straight = np.polyfit(TWO_HOURS / 3600, values, 1)[0]

    assert slope is not None
    assert abs(slope.per_h) < 0.2
    assert straight > 10


def test_days_of_samples_are_thinned_and_give_the_same_slope():
    times = np.arange(0, 86400, 2.0)

    slope = theil_sen(times, 300 + times / 3600 + noise(len(times)))

    assert len(times) > MOST_POINTS
    assert slope is not None
    assert slope.per_h == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("times", "values"),
    [([], []), ([0.0, 5.0], [1.0, 2.0]), ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0]), ([0.0, 1.0, 2.0], [1.0, np.nan, 2.0])],
)
def test_too_little_gives_no_slope(times: list[float], values: list[float]):
    assert theil_sen(times, values) is None


def test_times_and_values_must_agree():
    with pytest.raises(ValueError, match="3 times and 2 values"):
        theil_sen([1, 2, 3], [1, 2])


def test_growth_is_between_the_first_and_the_last_quarter():
    threads = [20.0] * 50 + [23.0] * 50

    assert grown(range(100), threads) == 3.0
    assert grown(range(100), threads, after_s=60) == 0.0
    assert grown([], []) is None
    assert grown([1.0, 2.0], [np.nan, np.nan]) is None
