import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtsp.errors import SourceError
from rtsp.timestamps import BACKWARD_AT_MOST, Timestamps

TICK = Fraction(1, 90000)
FRAME = 3600


def judge_all(said, *, step_s=0.04):
    times = Timestamps(TICK)
    got = [times.judge(pts, dts, FRAME, index * step_s) for index, (pts, dts) in enumerate(said)]
    return times, got


def test_orderly_times_pass_unchanged():
    _, got = judge_all([(n * FRAME, n * FRAME) for n in range(3)])

    assert [(0, 0), (FRAME, FRAME), (2 * FRAME, 2 * FRAME)] == [(stamp.pts, stamp.dts) for stamp in got]


def test_a_repeated_or_backward_time_is_dropped_and_counted():
    times, got = judge_all([(0, 0), (FRAME, FRAME), (FRAME, FRAME), (10, 10), (2 * FRAME, 2 * FRAME)])

    assert [True, True, False, False, True] == [stamp is not None for stamp in got]
    assert {"backward_time": 2} == dict(times.dropped)


def test_a_packet_without_a_time_follows_its_predecessor():
    _, got = judge_all([(0, 0), (None, None), (2 * FRAME, 2 * FRAME)])

    assert [0, FRAME, 2 * FRAME] == [stamp.dts for stamp in got]


def test_a_packet_without_any_time_at_the_start_is_dropped():
    times, got = judge_all([(None, None)])

    assert [None] == got
    assert {"no_time": 1} == dict(times.dropped)


@pytest.mark.parametrize("size", [2**32, 2**33])
def test_a_counter_that_wraps_goes_on(size):
    last = size - FRAME
    _, got = judge_all([(last - FRAME, last - FRAME), (last, last), (0, 0), (FRAME, FRAME)])

    assert [FRAME] * 3 == [later.dts - earlier.dts for earlier, later in itertools.pairwise(got)]


def test_one_stray_time_is_dropped_and_the_stream_goes_on():
    hour = 3600 * 90000
    times, got = judge_all([(0, 0), (hour, hour), (FRAME, FRAME), (2 * FRAME, 2 * FRAME)])

    assert [True, False, True, True] == [stamp is not None for stamp in got]
    assert {"stray_time": 1} == dict(times.dropped)


def test_a_clock_that_was_set_ends_the_session():
    hour = 3600 * 90000

    with pytest.raises(SourceError) as caught:
        judge_all([(0, 0), (hour, hour), (hour + FRAME, hour + FRAME)])

    assert "timestamps" == caught.value.reason


def test_a_clock_that_was_set_back_a_little_ends_the_session_too():
    with pytest.raises(SourceError) as caught:
        judge_all([(180000, 180000)] + [(n * 10, n * 10) for n in range(BACKWARD_AT_MOST + 2)])

    assert "timestamps" == caught.value.reason


def test_a_long_silence_of_the_network_is_not_a_jump_of_the_camera():
    times = Timestamps(TICK)
    times.judge(0, 0, FRAME, 0.0)

    stamp = times.judge(30 * 90000, 30 * 90000, FRAME, 30.0)

    assert stamp is not None and not times.dropped


def test_a_packet_that_lasts_less_than_nothing_has_no_time():
    times = Timestamps(TICK)
    times.judge(0, 0, FRAME, 0.0)

    assert times.judge(None, None, -1, 0.0) is None
    assert {"no_time": 1} == dict(times.dropped)


def test_a_picture_is_never_shown_before_it_is_decoded():
    _, got = judge_all([(0, 0), (-90000, FRAME)])

    assert FRAME == got[1].pts


@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**62), 2**62) | st.integers(0, 90000 * 10),
            st.none() | st.integers(-(2**62), 2**62) | st.integers(0, 90000 * 10),
            st.none() | st.integers(-10, 2**40),
            st.floats(0, 100),
        ),
        max_size=60,
    )
)
def test_whatever_a_camera_says_times_rise_or_the_session_ends(said):
    times, last, now_s = Timestamps(TICK), None, 0.0
    try:
        for pts, dts, duration, later_s in said:
            now_s += later_s
            stamp = times.judge(pts, dts, duration, now_s)
            if stamp is not None:
                assert stamp.pts >= stamp.dts
                assert last is None or stamp.dts > last
                last = stamp.dts
    except SourceError as error:
        assert "timestamps" == error.reason
