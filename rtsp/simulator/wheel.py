"""Turns all watched cameras with one timer, where a task for each would wake up 1,600 times a second for 64."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from rtsp.simulator.camera import Camera

TURN_S = 0.008  # pictures that are due within one turn go out together: fewer wake-ups, at most so much jitter


class Wheel:
    """Sends each camera's pictures when they are due; a camera that nobody watches falls off."""

    def __init__(self, loop: asyncio.AbstractEventLoop, now_s: Callable[[], float]) -> None:
        self._loop = loop
        self._now_s = now_s  # the loop's own clock
        self._due: list[tuple[float, int, Camera]] = []
        self._on_it: set[Camera] = set()
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._turned_s = 0.0

    def add(self, camera: Camera) -> None:
        """Turn a camera that is watched from now on."""
        if camera not in self._on_it:
            self._on_it.add(camera)
            self._push(camera)
            self._wind()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _push(self, camera: Camera) -> None:
        heapq.heappush(self._due, (camera.due_s, next(self._order), camera))

    def _wind(self) -> None:
        """Set the timer for the first picture that is due."""
        self.stop()
        if self._due:
            self._timer = self._loop.call_at(max(self._due[0][0], self._turned_s + TURN_S), self._turn)

    def _turn(self) -> None:
        self._timer = None
        now_s = self._turned_s = self._now_s()
        while self._due and self._due[0][0] <= now_s:
            camera = heapq.heappop(self._due)[2]
            if not camera.viewers:
                self._on_it.discard(camera)
                continue
            camera.send_due(now_s)
            self._push(camera)
        self._wind()
