"""Let the packets of a camera that nobody watches closely gather, so that one wake-up of its reader serves several.

A reader that is woken for each packet finds the caches cold and waits for the interpreter; that costs five times what
is done with the packet. Nothing is lost meanwhile: the connection holds what has not been read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PAUSE_S: Final = 0.2  # 100 kB at 4 Mbit/s: less than a key frame, which the connection has to hold anyway
RUN_PACKETS: Final = 5  # read one after the other: enough to tell the camera's pace from that of a full connection
LIVE_PACE: Final = 0.8  # of camera time must pass meanwhile, or there was something to catch up
SURE_FOR_S: Final = 10.0  # then the camera's clock and ours may have drifted by a millisecond


@dataclass(slots=True)
class Gathering:
    """Knows when all that has come is read. Times are seconds of our own clock, but for the camera's `time_s`."""

    _newest_s: float | None = None  # when a packet was read that had just come,
    _newest_time_s: float = 0.0  # and its camera time
    _run: tuple[float, float] = (0.0, 0.0)  # both times of the first packet of those read without a pause
    _in_run: int = 0

    def pause_s(self, read_s: float, time_s: float, fps: float) -> float:
        """Return how long to let packets gather after the one that was read at `read_s`.

        0 while more is there to be read. That follows from how far camera time is behind that of a packet which had
        just come; one had when several were read without a pause and came no faster than the camera makes them. How
        long a single read took says nothing: on a busy box every one may have to wait for the interpreter.
        """
        if not self._in_run:
            self._run = (read_s, time_s)
        self._in_run += 1
        if self._in_run >= RUN_PACKETS:
            if read_s - self._run[0] >= LIVE_PACE * (time_s - self._run[1]):
                self._newest_s, self._newest_time_s = read_s, time_s
            self._run, self._in_run = (read_s, time_s), 1
        if self._newest_s is None or read_s - self._newest_s > SURE_FOR_S:
            return 0.0
        behind_s = (read_s - self._newest_s) - (time_s - self._newest_time_s)
        if behind_s * fps >= 1.0:
            return 0.0
        self._in_run = 0
        return PAUSE_S
