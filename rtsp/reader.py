"""One thread that reads every connection, each time for all that has come since the last.

With a thread for each camera, every packet woke one, which found the caches cold and waited for the interpreter: of 0.9
of a core that 200 cameras took, two thirds went into the switching alone (0109). Nothing is lost while packets gather:
the connection holds what has not been read.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rtsp.errors import SourceError
from rtsp.source import RawPacket

log = logging.getLogger(__name__)

TICK_S: Final = 0.01  # how closely the pauses that are asked for are kept


@dataclass(slots=True, eq=False)
class _Line:
    """One connection, and who takes what it brings."""

    poll: Callable[[], list[RawPacket]]
    take: Callable[[RawPacket], None]
    pause_s: Callable[[], float]
    stop: threading.Event
    due_s: float = 0.0
    failure: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def read(self, now_s: float) -> bool:
        """Read what has come and hand it over; False when that was the last."""
        if self.stop.is_set():
            return False
        try:
            for packet in self.poll():
                self.take(packet)
            self.due_s = now_s + self.pause_s()
        except Exception as error:  # noqa: BLE001  it is raised in the camera's own thread: one camera's failure stays its own
            self.failure = error
            return False
        return True


class Reader:
    """Serves connections until closed; its thread sleeps while there is none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: list[_Line] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    def serve(
        self,
        poll: Callable[[], list[RawPacket]],
        take: Callable[[RawPacket], None],
        pause_s: Callable[[], float],
        stop: threading.Event,
    ) -> None:
        """Read a connection until `stop` is set or it ends, `pause_s()` seconds after each time; meanwhile wait here.

        `poll` and `take` run on the reader's thread; what they raise is raised here.
        """
        line = _Line(poll, take, pause_s, stop)
        with self._changed:
            if self._closed:
                raise SourceError("ended", "reading has ended")
            self._lines.append(line)
            self._changed.notify()
        line.done.wait()
        if line.failure is not None:
            raise line.failure

    def close(self) -> None:
        """Stop reading; whoever waits in `serve` returns."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while (lines := self._wait()) is not None:
            for line in lines:
                now_s = self._clock()
                if now_s >= line.due_s and not line.read(now_s):
                    self._end(line)
        for line in self._lines:
            line.done.set()

    def _wait(self) -> list[_Line] | None:
        """Wait for the next round; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, TICK_S)
            self._changed.wait_for(lambda: self._closed or bool(self._lines))
            return None if self._closed else list(self._lines)

    def _end(self, line: _Line) -> None:
        with self._changed:
            self._lines.remove(line)
        line.done.set()
