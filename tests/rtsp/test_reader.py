"""Many connections on one thread: each gets its turn, and one's failure stays its own."""

from __future__ import annotations

import threading

import pytest

from rtsp.errors import SourceError
from rtsp.reader import Reader


@pytest.fixture
def reader():
    reader = Reader()
    yield reader
    reader.close()


class Line:
    """A connection that brings one number each time it is read, and what came of it."""

    def __init__(self, reader, *, fails_at=None, error=None, pause_s=0.001):
        self.got, self.threads, self.raised = [], set(), None
        self.stop, self.ended, self.moved = threading.Event(), threading.Event(), threading.Condition()
        self._fails_at, self._error, self._pause_s, self._reader = fails_at, error, pause_s, reader
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            self._reader.serve(self._poll, self._take, lambda: self._pause_s, self.stop)
        except Exception as error:  # noqa: BLE001  kept for the test to look at
            self.raised = error
        self.ended.set()

    def _poll(self):
        if len(self.got) == self._fails_at:
            raise self._error
        return [len(self.got)]

    def _take(self, number):
        with self.moved:
            self.got.append(number)
            self.threads.add(threading.current_thread().name)
            self.moved.notify_all()

    def until(self, count):
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.got) >= count, 5.0)


def test_all_are_read_on_one_thread_and_in_order(reader):
    lines = [Line(reader) for _ in range(20)]

    for line in lines:
        line.until(5)
        assert line.got == list(range(len(line.got)))

    assert {name for line in lines for name in line.threads} == {"reader"}


def test_a_failure_is_raised_where_the_camera_waits_and_the_others_go_on(reader):
    broken, mad = Line(reader, fails_at=2, error=SourceError("ended", "it broke")), None
    mad = Line(reader, fails_at=1, error=ZeroDivisionError())
    well = Line(reader)

    assert broken.ended.wait(5.0) and mad.ended.wait(5.0)
    well.until(len(well.got) + 5)

    assert isinstance(broken.raised, SourceError) and broken.got == [0, 1]
    assert isinstance(mad.raised, ZeroDivisionError)
    assert not well.ended.is_set()


def test_stopping_ends_one_and_closing_ends_all(reader):
    one, other = Line(reader), Line(reader)
    one.until(1), other.until(1)

    one.stop.set()
    assert one.ended.wait(5.0) and one.raised is None
    reader.close()

    assert other.ended.wait(5.0) and other.raised is None
    with pytest.raises(SourceError):
        reader.serve(list, lambda packet: None, lambda: 0.0, threading.Event())


def test_a_connection_that_may_gather_is_read_less_often(reader):
    patient, prompt = Line(reader, pause_s=0.5), Line(reader)
    patient.until(1)

    prompt.until(20)

    assert len(patient.got) < len(prompt.got) / 2
