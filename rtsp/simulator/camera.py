"""A simulated camera: its time, the reel it plays, who watches, and what is wrong with it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from rtsp.simulator.clip import TICKS_PER_S
from rtsp.simulator.faults import DROPPING_FAULTS, PICTURE_FAULTS, SILENT_FAULTS, Fault
from rtsp.simulator.reel import Film, Reel
from rtsp.simulator.troubles import Troubles
from rtsp.simulator.viewer import Outlet, Viewer

JOIN_WAIT_S = 1.0  # a newcomer waits this long for a key frame; where it comes later, it gets the last one at once
CATCH_UP_EVERY_S = 0.02
LATEST_S = 1.0  # a camera that is further behind than this (the machine slept) goes on from now


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks of a camera, handed in."""

    monotonic: Callable[[], float] = time.monotonic
    utc: Callable[[], float] = time.time


class Camera:
    """Plays its film whether or not anyone watches. Its time runs in ticks from `epoch_s` (monotonic)."""

    def __init__(self, name: str, film: Film, *, phase: int, clock: Clock, rng: random.Random) -> None:
        self.name = name
        self.film = film
        self.viewers: set[Viewer] = set()
        self.on_drop: Callable[[], None] = lambda: None
        self._clock = clock
        self._rng = rng
        self._epoch_s = clock.monotonic()
        self._base = rng.getrandbits(31)
        self._main = Reel(film, -phase)
        self._return_at: int | None = None  # the key frame of its own reel at which another one is left
        self._catch_up_s: float | None = None  # when those who joined late get their next pictures
        self._go_to(self._main, 0)
        self._troubles = Troubles()
        self._shift = 0

    # --- time ---

    def ticks(self, now_s: float) -> int:
        return int((now_s - self._epoch_s) * TICKS_PER_S)

    @property
    def troubles(self) -> frozenset[Fault]:
        """What is wrong with it now."""
        return self._troubles.kinds

    @property
    def due_s(self) -> float:
        """When there is something to send, on the monotonic clock."""
        next_s = self._epoch_s + self._due / TICKS_PER_S
        return next_s if self._catch_up_s is None else min(next_s, self._catch_up_s)

    @property
    def position(self) -> tuple[Reel, int]:
        """The reel and the picture that is sent next."""
        return self._reel, self._next

    def _go_to(self, reel: Reel, n: int) -> None:
        self._reel, self._next, self._due = reel, n, reel.sent_at(n)

    # --- viewers ---

    def join(self, viewer: Viewer) -> tuple[int, int]:
        """Let a viewer watch; return the sequence number and RTP timestamp of the first packet that it will get."""
        now_s = self._clock.monotonic()
        if not self.viewers:
            self._go_to_now(now_s)
        key = self._reel.key_from(self._next)
        wait = self._reel.sent_at(key) - self._reel.sent_at(self._next)
        viewer.reel = self._reel
        viewer.at = key if wait <= JOIN_WAIT_S * TICKS_PER_S else self._reel.key_until(self._next)
        if viewer.at < self._next:
            self._catch_up_s = now_s
        viewer.outlet.throttle(self._bits_per_s())
        self.viewers.add(viewer)
        return viewer.sequence, (self._timestamp_base() + self._reel.captured_at(viewer.at)) & 0xFFFFFFFF

    def viewer(self, outlet: Outlet) -> Viewer:
        """Return a viewer that does not watch yet."""
        return Viewer(outlet, self.name, random.Random(self._rng.getrandbits(64)))

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)

    def _go_to_now(self, now_s: float) -> None:
        self._go_to(self._reel, self._reel.first_from(self.ticks(now_s)))

    # --- sending ---

    def send_due(self, now_s: float) -> None:
        """Send every picture that is due, and go on to the first that is not."""
        if self._troubles.kinds:
            self.expire(now_s)
        now = self.ticks(now_s)
        if now - self._due > LATEST_S * TICKS_PER_S:
            self._go_to_now(now_s)
        while self._due <= now:
            self._send(now_s)
            self._go_to(self._reel, self._next + 1)
            if self._return_at is not None and self._due >= self._main.captured_at(self._return_at):
                self._go_to(self._main, self._return_at)
                self._return_at = None
        if self._catch_up_s is not None:
            self._catch_up(now_s)

    def _catch_up(self, now_s: float) -> None:
        """Give those who joined late what has been sent before, a little at a time."""
        self._catch_up_s = None
        for viewer in self.viewers:
            if viewer.reel is not self._reel or viewer.at >= self._next:
                continue
            if not self.troubles & SILENT_FAULTS:
                if now_s >= viewer.report_due_s:
                    self._report(viewer, now_s)
                viewer.follow(self._reel, self._next - 1, self._timestamp_base(), self.troubles)
            self._catch_up_s = now_s + CATCH_UP_EVERY_S

    def _send(self, now_s: float) -> None:
        reel, n, base, troubles = self._reel, self._next, self._timestamp_base(), self._troubles.kinds
        if troubles & SILENT_FAULTS:
            for viewer in self.viewers:
                viewer.skip(reel, n)
            return
        for viewer in self.viewers:
            if now_s >= viewer.report_due_s:
                self._report(viewer, now_s)
            viewer.follow(reel, n, base, troubles)

    def _report(self, viewer: Viewer, now_s: float) -> None:
        timestamp = self._timestamp_base() + self.ticks(self._clock.monotonic())
        viewer.report(now_s, self._utc_s(), timestamp)

    def _timestamp_base(self) -> int:
        return self._base + self._shift

    def _utc_s(self) -> float:
        return self._clock.utc() + (self._troubles.value(Fault.CLOCK) or 0.0)

    # --- films ---

    def play(self, film: Film) -> None:
        """Go over to another film at once; the time runs on."""
        if not self.viewers:
            self._go_to_now(self._clock.monotonic())
        self._return_at = None
        self._go_to(Reel(film, self._due - film.sent[0]), 0)

    def play_own(self) -> None:
        """Go back to the camera's own film at a key frame that was captured after everything sent by then."""
        if self._reel is not self._main:
            self._return_at = self._main.key_from(self._main.first_from(self._due + self._main.film.delay))

    # --- faults ---

    def suffer(self, fault: Fault, for_s: float | None, value: float | None) -> None:
        """Begin a fault. A cut without a length happens once; any other without one lasts for good."""
        if fault is Fault.CUT and for_s is None:
            self.on_drop()
            return
        until_s = self._clock.monotonic() + for_s if for_s is not None else float("inf")
        self._troubles.begin(fault, until_s, value)
        self._changed()
        if fault in DROPPING_FAULTS:
            self.on_drop()

    def recover(self, fault: Fault) -> None:
        """End a fault."""
        if self._troubles.end(fault):
            self._changed()

    def expire(self, now_s: float) -> None:
        """End the faults whose time is over."""
        for fault in self._troubles.over(now_s):
            self.recover(fault)

    def _changed(self) -> None:
        shift_s = (self._troubles.value(Fault.JUMP) or 0.0) - (self._troubles.value(Fault.BACKWARD) or 0.0)
        self._shift = int(shift_s * TICKS_PER_S)
        if not self.troubles & PICTURE_FAULTS:
            self.play_own()
        for viewer in self.viewers:
            viewer.report_soon()
            viewer.outlet.throttle(self._bits_per_s())

    def _bits_per_s(self) -> float | None:
        kbit_per_s = self._troubles.value(Fault.SLOW)
        return kbit_per_s * 1000 if kbit_per_s is not None else None
