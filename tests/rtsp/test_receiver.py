"""A camera kept connected: through faults of the simulator, from script, and to its end."""

from __future__ import annotations

import itertools
import socket
import threading
import time

import pytest

from rtsp.reader import Reader
from rtsp.receiver import Camera, DecoderPool
from rtsp.simulator import Simulator
from rtsp.source import SourceSettings
from tests.rtsp.footage import ScriptedSource, counting_square, film, packets_of

QUICK = SourceSettings(open_timeout_s=4.0, read_timeout_s=1.0)


class Viewer:
    """Keeps what it is given; `until` waits for a condition with a deadline."""

    def __init__(self):
        self.frames = []
        self._changed = threading.Condition()

    def __call__(self, frame):
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def until(self, condition, timeout_s=12.0):
        with self._changed:
            deadline_s = time.monotonic() + timeout_s
            while not condition():
                assert time.monotonic() < deadline_s, "it did not happen in time"
                self._changed.wait(0.02)


@pytest.fixture(scope="module")
def square(tmp_path_factory):
    """Ten seconds, a key frame each second."""
    return film(tmp_path_factory.mktemp("receiver") / "square.mp4", counting_square, 250)


@pytest.fixture(scope="module")
def pool():
    pool = DecoderPool(2)
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def reader():
    reader = Reader()
    yield reader
    reader.close()


@pytest.fixture
def viewer():
    return Viewer()


@pytest.fixture
def start(pool, reader, viewer):
    """Start a camera; it is stopped at the end of the test."""
    cameras = []

    def begin(url, *, looks_per_s=25.0, **more):
        more = {"settings": QUICK, "waits": lambda: iter([0.05] * 1000)} | more
        camera = Camera("cam", url, pool=pool, reader=reader, deliver=viewer, looks_per_s=looks_per_s, **more)
        cameras.append(camera)
        camera.start()
        return camera

    yield begin
    for camera in cameras:
        camera.stop()


def rises(frames):
    times = [frame.time_s for frame in frames]
    return all(later > earlier for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("refuse", "refused"),
        ("wrong_password", "unauthorised"),
        ("stall", "timeout"),
        ("half_open", "timeout"),
        ("cut", "ended"),
        ("jump", "timestamps"),
        ("backward", "timestamps"),
    ],
)
def test_a_fault_is_named_and_the_camera_comes_back_in_a_new_session(square, start, viewer, fault, reason):
    with Simulator([square], seed=1) as simulator:
        camera = start(simulator.url())
        viewer.until(lambda: len(viewer.frames) > 3)
        first = viewer.frames[0].session

        simulator.fault(None, fault, 60.0)
        viewer.until(lambda: camera.health().failure == reason)
        simulator.recover(None, fault)
        viewer.until(lambda: viewer.frames[-1].session > first and camera.health().connected)

        assert rises(viewer.frames)


@pytest.mark.parametrize("fault", ["garbage", "truncated"])
def test_damaged_packets_are_counted_and_the_picture_comes_back(square, start, viewer, fault):
    with Simulator([square], seed=1) as simulator:
        camera = start(simulator.url())
        viewer.until(lambda: len(viewer.frames) > 3)

        simulator.fault(None, fault, 60.0)
        viewer.until(lambda: camera.health().decode_errors > 0)
        simulator.recover(None, fault)
        seen = len(viewer.frames)
        viewer.until(lambda: len(viewer.frames) > seen + 10)

        assert rises(viewer.frames)


def test_a_change_of_resolution_in_mid_stream_is_survived(square, start, viewer):
    with Simulator([square], seed=1) as simulator:
        camera = start(simulator.url())
        viewer.until(lambda: len(viewer.frames) > 3)

        simulator.fault(None, "resolution", 60.0)
        viewer.until(lambda: viewer.frames[-1].picture.width == 80)

        assert (80, 60) == (camera.health().width, camera.health().height)


def test_pictures_carry_the_cameras_own_clock_once_it_has_told_it(square, start, viewer):
    with Simulator([square], seed=1, faults=["clock=+30"]) as simulator:
        camera = start(simulator.url())
        viewer.until(lambda: bool(viewer.frames) and viewer.frames[-1].clock == "rtcp")

        ahead_s = viewer.frames[-1].captured_at.timestamp() - time.time()
        assert 30 == pytest.approx(ahead_s, abs=2)
        assert 30_000 == pytest.approx(camera.health().clock_offset_ms, abs=2000)


def test_stop_returns_although_the_server_says_nothing(start):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        camera = start(f"rtsp://127.0.0.1:{deaf.getsockname()[1]}/x", settings=SourceSettings())
        connection, _ = deaf.accept()

        started_s = time.monotonic()
        camera.stop()

        assert time.monotonic() - started_s < 5.0
        connection.close()


def test_a_recording_is_played_once(start, viewer, square):
    camera = start("scripted:", connect=lambda url, settings: ScriptedSource(packets_of(square)[:50], None))

    viewer.until(lambda: len(viewer.frames) == 50)

    viewer.until(lambda: not camera.health().connected)
    assert (None, 0) == (camera.health().failure, camera.health().retries)
    assert "file" == viewer.frames[0].clock


def test_camera_time_goes_on_rising_over_a_reconnect(start, viewer, square):
    start("scripted:", connect=lambda url, settings: ScriptedSource(packets_of(square)[:30]))

    viewer.until(lambda: viewer.frames and viewer.frames[-1].session == 2)

    assert rises(viewer.frames)
    assert [0] * 3 == [next(f.index for f in viewer.frames if f.session == session) for session in range(3)]


def test_what_nobody_foresaw_ends_the_session_and_not_the_watch(start, viewer, square):
    class Surprising(ScriptedSource):
        def connect(self):
            raise OverflowError("a number that no camera should send")

    attempts = iter([Surprising([]), ScriptedSource(packets_of(square)[:30])])
    camera = start("scripted:", connect=lambda url, settings: next(attempts, Surprising([])))

    viewer.until(lambda: len(viewer.frames) == 30 and camera.health().failure == "internal")

    assert {1} == {frame.session for frame in viewer.frames}


def test_only_the_looks_that_are_wanted_are_handed_out(start, viewer, square):
    camera = start(
        "scripted:", looks_per_s=5.0, connect=lambda url, settings: ScriptedSource(packets_of(square)[:100], None)
    )
    viewer.until(lambda: camera.health().received == 100 and camera.health().decoded == 100)

    assert 20 == len(viewer.frames)
    assert 0.2 == pytest.approx(viewer.frames[7].time_s - viewer.frames[6].time_s)
    assert 80 == camera.health().skipped["between_looks"]


def test_key_frames_are_enough_for_a_camera_that_needs_a_look_now_and_then(start, viewer, square):
    camera = start(
        "scripted:",
        looks_per_s=0.5,
        key_frames_only=True,
        connect=lambda url, settings: ScriptedSource(packets_of(square), None),
    )
    healths = [camera.health()]

    def is_over():
        healths.append(camera.health())  # one state, judged as a whole: soon it begins again
        return healths[-1].received == 250 and not healths[-1].connected

    viewer.until(is_over)

    assert all(frame.key for frame in viewer.frames)
    assert healths[-1].decoded <= 5


def test_an_operator_who_looks_gets_more_looks(start, viewer, square):
    with Simulator([square], seed=1) as simulator:
        camera = start(simulator.url(), looks_per_s=0.1)
        viewer.until(lambda: len(viewer.frames) >= 1)

        camera.want(10.0, reason="operator")
        viewer.until(lambda: len(viewer.frames) >= 8)
        assert "operator" == camera.health().mode_reason

        camera.want(None, reason="operator")
        assert "operator" != camera.health().mode_reason
