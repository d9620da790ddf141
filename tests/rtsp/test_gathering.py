"""A reader that lets packets gather keeps up with the camera, also when clocks drift and the network bunches."""

import pytest

from rtsp.gathering import PAUSE_S, SURE_FOR_S, Gathering

FPS = 25.0


def read(seconds, *, drift=0.0, fps=FPS, late_s=lambda number: 0.0, takes_s=0.0):
    """Read a camera's packets as they come. Returns (how late each was read, how often the reader slept or waited)."""
    gathering, now_s, ages_s, wakes = Gathering(), 0.0, [], 0
    for number in range(round(seconds * fps)):
        time_s = number / fps
        comes_s = time_s * (1 + drift) + late_s(number)
        now_s += takes_s
        if comes_s > now_s:
            now_s, wakes = comes_s, wakes + 1
        ages_s.append(now_s - comes_s)
        pause_s = gathering.pause_s(now_s, time_s, fps)
        if pause_s:
            now_s, wakes = now_s + pause_s, wakes + 1
    return ages_s, wakes


def test_several_packets_are_read_for_one_wake_up():
    ages_s, wakes = read(60.0)

    assert wakes < 60 * FPS / 4
    assert max(ages_s) <= PAUSE_S + 1e-6


@pytest.mark.parametrize("drift", [-2e-4, 2e-4])
def test_a_camera_whose_clock_drifts_never_falls_behind(drift):
    ages_s, wakes = read(3600.0, drift=drift)

    assert max(ages_s) <= PAUSE_S + 2 / FPS
    assert wakes < 3600 * FPS / 3


def test_packets_that_come_in_bunches_are_read_before_the_next_bunch_but_one():
    bunch_s = 12 / FPS
    ages_s, _ = read(600.0, late_s=lambda number: bunch_s - (number % 12) / FPS)

    assert max(ages_s) <= PAUSE_S + bunch_s


@pytest.mark.parametrize("takes_s", [0.0, 0.005, 0.015])
def test_what_has_piled_up_is_caught_up_however_slow_each_read_is(takes_s):
    held_up_s = 3.0  # the first packets come late, all at once
    ages_s, _ = read(60.0, late_s=lambda number: max(0.0, held_up_s - number / FPS), takes_s=takes_s)

    assert max(ages_s[round(10 * FPS) :]) <= PAUSE_S + 5 / FPS


def test_after_a_while_it_reads_on_until_nothing_is_there():
    gathering, time_s = Gathering(), 0.0
    pauses = []
    for _ in range(5):
        time_s += 1 / FPS
        pauses.append(gathering.pause_s(time_s, time_s, FPS))
    assert pauses == [0.0, 0.0, 0.0, 0.0, PAUSE_S]

    later_s = time_s + SURE_FOR_S + 0.1

    assert gathering.pause_s(later_s, later_s, FPS) == 0.0
