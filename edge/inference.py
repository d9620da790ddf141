"""Take the cameras in turn and look at their newest pictures, as many at a time as the machine can."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np

from detectors.detections import Detections
from detectors.detector import Detector
from edge.attention import Attention, Eyes
from edge.camera import CameraWatch, Told
from edge.config import CameraSettings
from edge.lazy_detector import LazyDetector
from edge.mailbox import Mailbox
from edge.precedence import Class, class_of, head_start_s
from edge.rules.base import Sense
from edge.small_objects import through_tiles
from models.errors import ModelError
from rtsp.frame import Frame

log = logging.getLogger(__name__)

Detectors: TypeAlias = Mapping[Sense, Detector]
REMEMBERED_LATENCIES: Final = 512
FASTER_THAN_LIFE: Final = 0.4  # of the time between two frames: no jitter of a network is as fast as a decoder


@dataclass(frozen=True, slots=True, eq=False)
class Arrived:
    """A frame and the moment it was handed over."""

    frame: Frame
    at_s: float


@dataclass(eq=False)
class Seat:
    """One camera's place at the models: what waits there, and what has become of it."""

    settings: CameraSettings
    watch: CameraWatch
    mailbox: Mailbox[Arrived]
    busy: threading.Lock = field(default_factory=threading.Lock)
    served_s: float = 0.0
    arrived: int = 0
    not_due: int = 0
    analysed: int = 0
    failed: str | None = None
    last: tuple[float, float] = (float("inf"), 0.0)  # camera time and hand-over of the last due frame
    newest: Frame | None = None  # the last one that was taken up, for a snapshot on request
    latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_LATENCIES))
    attention: Attention = field(default_factory=Attention)

    def is_catching_up(self, time_s: float, now_s: float) -> bool:
        """Note a frame's hand-over; True when frames come much faster than the camera took them."""
        (before_s, before_now_s), self.last = self.last, (time_s, now_s)
        return now_s - before_now_s < FASTER_THAN_LIFE * (time_s - before_s)

    @cached_property
    def precedence(self) -> Class:
        """What the camera is for, as far as its place in the queue goes."""
        return class_of(getattr(rule, "kind", "") for rule in self.settings.rules)

    @property
    def turn_s(self) -> float:
        """When its turn comes: the least is served first."""
        return self.served_s - head_start_s(self.precedence)

    def latency_ms(self, share: float) -> float | None:
        """Return the latency below which `share` (0..1) of the recent looks stayed, hand-over to findings."""
        recent = list(self.latencies_s)
        return round(float(np.quantile(recent, share)) * 1000, 1) if recent else None


class Analyst:
    """Worker threads that share the cameras. Each worker has its own detectors, so nothing is locked while looking."""

    def __init__(
        self,
        detectors: Sequence[Detectors],
        on_told: Callable[[Seat, Frame | None, list[Told]], None],
        *,
        batch: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_told = on_told
        self._batch = batch
        self._clock = clock
        self._seats: list[Seat] = []
        self._news = threading.Condition()
        self._stopping = False
        self._workers = [
            threading.Thread(target=self._run, args=(own,), name=f"analyst-{n}", daemon=True)
            for n, own in enumerate(detectors)
        ]

    def seat(self, settings: CameraSettings, watch: CameraWatch) -> Seat:
        """Give a camera its place."""
        seat = Seat(settings, watch, Mailbox(self._wake), served_s=self._clock())
        with self._news:
            self._seats.append(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """Forget a camera, once nobody looks at its picture any more."""
        with self._news:
            self._seats.remove(seat)
        with seat.busy:
            pass

    def hand_over(self, seat: Seat, frame: Frame) -> None:
        """Take a frame from a decoder; cheap, and never waits for a model."""
        seat.arrived += 1
        if not seat.watch.due(frame):
            seat.not_due += 1
            return
        now_s = self._clock()
        seat.mailbox.put(Arrived(frame, now_s), in_line=seat.is_catching_up(frame.time_s, now_s))

    def start(self) -> None:
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Finish the looks that have begun, then stop."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
        for worker in self._workers:
            worker.join(timeout=5.0)

    def _wake(self) -> None:
        with self._news:
            self._news.notify()

    def _run(self, detectors: Detectors) -> None:
        while self._serve(detectors):
            pass

    def _serve(self, detectors: Detectors) -> bool:
        """Wait for news and look at them, without holding on to a picture meanwhile; False to stop."""
        taken = self._take()
        if taken is None:
            return False
        try:
            self._look(detectors, taken)
        except Exception as error:  # the top of this thread: one camera's trouble must not stop the others
            reason = f"{type(error).__name__}: {error}"
            if any(seat.failed != reason for seat, _ in taken):  # the same trouble at every look is one line
                log.exception("looks fail", extra={"cameras": [seat.settings.id for seat, _ in taken]})
            self._fail(taken, reason)
        finally:
            for seat, _ in taken:
                seat.busy.release()
        return True

    def _take(self) -> list[tuple[Seat, Arrived]] | None:
        """Wait for news; return up to a batch of cameras, longest-waiting first, each locked; None to stop."""
        with self._news:
            while not self._stopping:
                waiting = [s for s in self._seats if s.mailbox.waiting and not s.busy.locked()]
                if waiting:
                    waiting.sort(key=lambda s: s.turn_s)
                    return [t for s in waiting[: self._batch] if (t := self._claim(s)) is not None]
                self._news.wait()
        return None

    def _claim(self, seat: Seat) -> tuple[Seat, Arrived] | None:
        arrived = seat.mailbox.take()
        if arrived is None or not seat.busy.acquire(blocking=False):
            return None
        seat.served_s = self._clock()
        return seat, arrived

    def _look(self, detectors: Detectors, taken: Sequence[tuple[Seat, Arrived]]) -> None:
        for seat, arrived in taken:
            seat.newest = arrived.frame
            seat.watch.turn_to(arrived.frame)
        wanted = [seat.watch.due(arrived.frame) for seat, arrived in taken]
        seen: list[dict[Sense, Detections]] = [
            {"picture": Detections.none()} if "picture" in senses else {} for senses in wanted
        ]
        for sense, detector in detectors.items():
            asking = [i for i, senses in enumerate(wanted) if sense in senses]
            if not asking:
                continue
            try:
                found = self._found(sense, detector, [taken[i] for i in asking])
            except ModelError as error:  # what needs no model, such as a covered camera, is still watched
                self._fail([taken[i] for i in asking], f"{sense}: {error}")
                continue
            for i, detections in zip(asking, found, strict=True):
                seen[i][sense] = detections
                taken[i][0].failed = None
        for (seat, arrived), by_sense in zip(taken, seen, strict=True):
            self._judge(seat, arrived, by_sense)

    def _found(self, sense: Sense, detector: Detector, asking: Sequence[tuple[Seat, Arrived]]) -> list[Detections]:
        """Return what stands in each picture; eyes that see windows are led by each camera's attention."""
        ready = detector.ready() if isinstance(detector, LazyDetector) else detector
        if sense == "objects" and any(seat.settings.tiles for seat, _ in asking):
            return [self._found_one(ready, seat, arrived) for seat, arrived in asking]
        if isinstance(ready, Eyes):
            return [seat.attention.look(ready, arrived.frame) for seat, arrived in asking]
        return ready.detect([arrived.frame.picture for _, arrived in asking])

    def _found_one(self, ready: Detector, seat: Seat, arrived: Arrived) -> Detections:
        """Return what stands in one picture, through tiles where its camera wants them; those always see the whole."""
        if seat.settings.tiles:
            return through_tiles(ready, seat.settings.tiles).detect([arrived.frame.picture])[0]
        if isinstance(ready, Eyes):
            return seat.attention.look(ready, arrived.frame)
        return ready.detect([arrived.frame.picture])[0]

    def _judge(self, seat: Seat, arrived: Arrived, by_sense: dict[Sense, Detections]) -> None:
        if not by_sense:
            seat.not_due += 1
            return
        told = seat.watch.see(arrived.frame, by_sense)
        if seat.analysed == 0:
            log.info("first picture analysed", extra={"camera": seat.settings.id})
        seat.analysed += 1
        if told:
            self._on_told(seat, arrived.frame, told)
        seat.latencies_s.append(self._clock() - arrived.at_s)

    def _fail(self, taken: Sequence[tuple[Seat, Any]], reason: str) -> None:
        for seat, _ in taken:
            seat.failed = reason
