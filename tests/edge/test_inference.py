import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from detectors.detections import Detections
from detectors.picture import Picture
from edge.camera import CameraWatch, Told
from edge.inference import Analyst, Seat
from edge.lazy_detector import LazyDetector
from edge.mailbox import Mailbox
from edge.rules.base import Finding, Look
from models.errors import ModelError
from rtsp.frame import Frame
from rtsp.picture import VideoPicture
from tests.edge.scenes import SpyRule, camera, finding, frame, person


class Detector:
    """Sees one person in each picture; fails for the first `failures` calls; waits for `gate`."""

    labels = ("person",)

    def __init__(self, failures: int = 0, gate: threading.Event | None = None) -> None:
        self.failures, self.gate, self.calls = failures, gate, 0
        self.widths: list[int] = []

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        self.calls += 1
        self.widths += [picture.width for picture in pictures]
        if self.gate is not None:
            assert self.gate.wait(5)
        if self.calls <= self.failures:
            raise ModelError("corrupt")
        return [person() for _ in pictures]


class Room:
    """An analyst with its findings written down."""

    def __init__(self, detector: Detector, clock: Callable[[], float] = time.monotonic) -> None:
        self.told: list[tuple[str, float]] = []
        self.news = threading.Condition()
        self.analyst = Analyst([{"objects": detector}], self._note, clock=clock)

    def _note(self, seat: Seat, moment: Frame | None, told: list[Told]) -> None:
        with self.news:
            self.told += [(seat.settings.id, one.finding.time_s) for one in told]
            self.news.notify_all()

    def wait_for(self, count: int) -> None:
        with self.news:
            assert self.news.wait_for(lambda: len(self.told) >= count, 5)


def test_a_frame_becomes_a_finding():
    room = Room(Detector())
    seat = room.analyst.seat(camera(), CameraWatch([SpyRule()]))
    room.analyst.start()

    room.analyst.hand_over(seat, frame(1.0))

    room.wait_for(1)
    room.analyst.stop()
    assert [(name, round(s + 1.0, 3)) for name, s in room.told] == [("cam", 1.0)]
    assert (seat.arrived, seat.analysed) == (1, 1)


def test_a_camera_with_tiles_is_looked_at_whole_and_through_them_and_its_neighbour_is_not():
    detector = Detector()
    room = Room(detector)
    tiled = room.analyst.seat(camera(tiles=[2, 1]), CameraWatch([SpyRule()]))
    plain = room.analyst.seat(camera(id="other"), CameraWatch([SpyRule()]))
    room.analyst.start()

    room.analyst.hand_over(tiled, frame(1.0))
    room.wait_for(1)
    with_tiles = list(detector.widths)
    room.analyst.hand_over(plain, frame(1.0))
    room.wait_for(2)

    room.analyst.stop()
    assert with_tiles == [64, 35, 35]
    assert detector.widths[3:] == [64]


def test_a_slow_model_sees_the_newest_frame_and_what_it_missed_is_counted():
    gate, now = threading.Event(), [1.0]
    room = Room(Detector(gate=gate), lambda: now[0])
    seat = room.analyst.seat(camera(), CameraWatch([SpyRule()], looks_per_s=100))
    room.analyst.start()
    room.analyst.hand_over(seat, frame(1.0))
    while seat.mailbox.waiting:
        pass

    for time_s in (2.0, 3.0, 4.0):
        now[0] = time_s
        room.analyst.hand_over(seat, frame(time_s))
    gate.set()
    room.wait_for(2)
    room.analyst.stop()

    assert seat.mailbox.replaced == 2
    assert pytest.approx(room.told[1][1] - room.told[0][1]) == 3.0


def test_a_broken_model_is_contained_told_and_recovered_from():
    room = Room(Detector(failures=1))
    seat = room.analyst.seat(camera(), CameraWatch([SpyRule()], looks_per_s=100))
    pixels = SpyRule("picture")
    other = room.analyst.seat(camera(id="other"), CameraWatch([pixels]))
    room.analyst.start()

    room.analyst.hand_over(seat, frame(1.0))
    room.analyst.hand_over(other, frame(1.0))
    room.wait_for(1)
    failed = seat.failed
    room.analyst.hand_over(seat, frame(2.0))
    room.wait_for(2)
    room.analyst.stop()

    assert failed == "objects: corrupt"
    assert seat.failed is None
    assert {"cam", "other"} == {name for name, _ in room.told}


def test_nobody_holds_the_last_picture_while_the_next_one_is_looked_at_or_waited_for():
    class Mortal(VideoPicture):
        """Can be watched going."""

    class Curious(Detector):
        def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
            left.append([ref() is not None for ref in earlier])
            earlier.extend(weakref.ref(picture) for picture in pictures)
            return super().detect(pictures)

    class Forgetful(SpyRule):
        def update(self, look: Look) -> Iterable[Finding]:
            yield finding(look.time_s)

    earlier: list[weakref.ref[Picture]] = []
    left: list[list[bool]] = []
    room = Room(Curious())
    seat = room.analyst.seat(camera(), CameraWatch([Forgetful()]))
    other = room.analyst.seat(camera(id="other"), CameraWatch([Forgetful()]))
    room.analyst.start()

    for count, (place, at_s) in enumerate([(seat, 1.0), (seat, 2.0), (other, 2.0), (seat, 3.0)], start=1):
        picture = Mortal.of(np.zeros((36, 64, 3), np.uint8))
        room.analyst.hand_over(place, replace(frame(at_s), picture=picture))
        del picture
        room.wait_for(count)

    room.analyst.stop()
    assert [[], [False], [False, True], [False, False, True]] == left


def test_a_camera_that_leaves_is_forgotten():
    room = Room(Detector())
    seat = room.analyst.seat(camera(), CameraWatch([SpyRule()]))

    room.analyst.leave(seat)

    assert room.analyst._seats == []


def test_a_missing_model_is_tried_again_later_and_not_at_every_picture():
    now, tries = [0.0], []

    def load() -> Detector:
        tries.append(now[0])
        if len(tries) < 3:
            raise ModelError("not there")
        return Detector()

    lazy = LazyDetector(load, retry_s=30.0, clock=lambda: now[0])
    for second in range(100):
        now[0] = float(second)
        try:
            lazy.detect([])
        except ModelError:
            continue

    assert tries == [0.0, 30.0, 60.0]


def test_what_a_waking_camera_held_back_is_seen_in_order_and_not_replaced():
    now = [100.0]
    seat = Seat(camera(), CameraWatch([SpyRule()], looks_per_s=5), Mailbox())
    analyst = Analyst([], lambda *_: None, clock=lambda: now[0])

    for n in range(6):  # five looks a second, handed over within milliseconds
        analyst.hand_over(seat, frame(n / 5))
        now[0] += 0.02
    waiting = []
    while (arrived := seat.mailbox.take()) is not None:
        waiting.append(arrived.frame.time_s)

    assert [n / 5 for n in range(6)] == waiting
    assert seat.mailbox.replaced == 0


def test_a_line_that_grows_too_long_gives_way_to_the_newest():
    box: Mailbox[int] = Mailbox(longest=3)

    for n in range(5):
        box.put(n, in_line=True)

    assert (3, 3) == (box.take(), box.replaced)
