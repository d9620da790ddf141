import threading

import pytest

from rtsp.errors import SourceError
from rtsp.supervisor import supervise


class Clock:
    """Time passes only where the plot says so."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Stop(threading.Event):
    """Counts the waits, and is set after the last one allowed."""

    def __init__(self, waits):
        super().__init__()
        self.waited, self._allowed = [], waits

    def wait(self, timeout=None):
        self.waited.append(timeout)
        if len(self.waited) >= self._allowed:
            self.set()
        return self.is_set()


def counting():
    return iter(range(1, 100))


def failing(reason="refused"):
    def attempt(session):
        raise SourceError(reason, "no")

    return attempt


def test_each_failure_is_told_and_waits_longer():
    stop, told = Stop(3), []

    supervise(failing(), told.append, stop, camera_id="cam", clock=Clock(), waits=counting)

    assert ["refused"] * 3 == [error.reason for error in told]
    assert [1, 2, 3] == stop.waited


def test_every_attempt_is_a_new_session():
    stop, sessions = Stop(3), []

    supervise(lambda session: sessions.append(session), lambda error: None, stop, camera_id="cam", waits=counting)

    assert [0, 1, 2] == sessions


def test_a_healthy_session_earns_short_waits_again():
    stop, clock = Stop(4), Clock()

    def attempt(session):
        clock.now_s += 200.0 if session == 2 else 1.0
        raise SourceError("ended", "no")

    supervise(attempt, lambda error: None, stop, camera_id="cam", clock=clock, waits=counting)

    assert [1, 2, 1, 2] == stop.waited


def test_a_live_stream_that_ends_cleanly_is_tried_again():
    stop, told = Stop(1), []

    supervise(lambda session: False, told.append, stop, camera_id="cam", waits=counting)

    assert ["ended"] == [error.reason for error in told]


def test_a_recording_that_was_played_is_not():
    stop = Stop(1)

    supervise(lambda session: True, lambda error: pytest.fail("nothing failed"), stop, camera_id="cam", waits=counting)

    assert [] == stop.waited


def test_what_is_no_fault_of_the_camera_is_not_retried():
    def attempt(session):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        supervise(attempt, lambda error: None, Stop(1), camera_id="cam", waits=counting)
