"""Decoding times from times of showing alone."""

from __future__ import annotations

import itertools

import pytest

from rtsp.client.order import DecodingOrder

TICK = 3600  # of 90,000 a second: 25 pictures


def order(stamps):
    decoding = DecodingOrder()
    return [decoding.times(stamp % 2**32) for stamp in stamps]


def rises(times):
    return all(later > earlier for earlier, later in itertools.pairwise(times))


def test_without_b_frames_a_picture_is_decoded_when_it_is_shown():
    stamps = [n * TICK for n in range(50)]

    assert order(stamps) == [(stamp, stamp) for stamp in stamps]


@pytest.mark.parametrize("pattern", [(0, 3, 1, 2), (0, 4, 2, 1, 3), (0, 2, 1)])
def test_b_frames_are_decoded_in_the_order_in_which_they_come(pattern):
    shown = [pattern[0] * TICK]
    for group in range(20):
        shown += [(group * (len(pattern) - 1) + n) * TICK for n in pattern[1:]]

    times = order(shown)

    assert rises([dts for _, dts in times])
    settled = times[3 * len(pattern) :]
    assert all(dts <= pts for pts, dts in settled)
    assert [pts for pts, _ in settled] == shown[3 * len(pattern) :]


def test_a_counter_that_wraps_goes_on():
    stamps = [2**32 - 2 * TICK + n * TICK for n in range(5)]

    assert [pts for pts, _ in order(stamps)] == stamps


def test_a_clock_that_is_set_back_is_not_hidden():
    (_, before), (pts, dts) = order([90_000_000, 90_000_000 - 30 * 90_000])

    assert pts == dts < before


def test_a_picture_with_the_time_of_the_one_before_is_not_hidden():
    assert order([5000, 5000]) == [(5000, 5000), (5000, 5000)]
