"""As many decoding threads as the machine has cores, serving the cameras whose need is greatest."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from rtsp.pressure import Pressure

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 5.0  # a camera whose turn failed in a way nobody foresaw: one log line each time, no more


class Work(Protocol):
    """A camera as the pool sees it. The pool never runs two turns of one camera at the same time."""

    def need(self) -> float:
        """Return how urgent a turn is; 0 when there is nothing to do."""

    def turn(self) -> None:
        """Do a few milliseconds of work."""


class DecoderPool:
    """Runs turns of `Work` on its threads until closed."""

    def __init__(self, threads: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.pressure = Pressure(clock)
        count = threads or len(os.sched_getaffinity(0))
        self._work: list[Work] = []
        self._busy: set[int] = set()  # id() of what is having its turn
        self._until_s: dict[int, float] = {}  # id() of what has failed → when it is tried again
        self._changed = threading.Condition()
        self._closed = False
        self._idle = 0
        self._threads = [
            threading.Thread(target=self._serve, name=f"decoder-{n}", daemon=True) for n in range(max(1, count))
        ]
        for thread in self._threads:
            thread.start()

    def join(self, work: Work) -> None:
        """Take a camera into service."""
        with self._changed:
            self._work.append(work)

    def leave(self, work: Work, timeout_s: float = 2.0) -> None:
        """Let a camera go; returns when none of its turns is running any more (or after `timeout_s`)."""
        with self._changed:
            if work in self._work:
                self._work.remove(work)
            self._until_s.pop(id(work), None)
            self._changed.wait_for(lambda: id(work) not in self._busy, timeout_s)

    def wake(self) -> None:
        """Say that there may be something to do."""
        if self._idle:  # read without the lock: a thread that is just falling asleep looks again by itself
            with self._changed:
                self._changed.notify()

    def close(self) -> None:
        """Stop the threads."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=2.0)

    def _serve(self) -> None:
        while (work := self._neediest()) is not None:
            try:
                work.turn()
            except Exception:
                log.exception("a camera's turn failed; it is tried again")
                self._let_rest(work)
            finally:
                self._done(work)

    def _neediest(self) -> Work | None:
        """Wait for work and claim it; None when the pool is closed."""
        with self._changed:
            while not self._closed:
                best, most = None, 0.0
                for work in self._work:
                    if not self._is_away(work) and (need := work.need()) > most:
                        best, most = work, need
                if best is not None:
                    self._busy.add(id(best))
                    return best
                self._idle += 1
                self._changed.wait(timeout=0.1)
                self._idle -= 1
        return None

    def _done(self, work: Work) -> None:
        with self._changed:
            self._busy.discard(id(work))
            self._changed.notify_all()

    def _is_away(self, work: Work) -> bool:
        """True while it is having its turn, or rests after one that failed."""
        if id(work) in self._busy:
            return True
        if not self._until_s:
            return False
        return self._clock() < self._until_s.get(id(work), 0.0)

    def _let_rest(self, work: Work) -> None:
        with self._changed:
            if work in self._work:
                self._until_s[id(work)] = self._clock() + RETRY_AFTER_S
