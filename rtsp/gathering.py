"""Let the packets of a camera that nobody watches closely gather, so that one wake-up of its reader serves several.

A reader that is woken for each packet finds the caches cold and waits for the interpreter; that costs five times what
is done with the packet. Nothing is lost meanwhile: the connection holds what has not been read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PAUSE_S: Final = 0.2  # 100 kB at 4 Mbit/s: less than a key frame, which the connection has to hold anyway
WAITED_S: Final = 0.003  # a read that took longer had to wait for the network
SURE_FOR_S: Final = 10.0  # then the camera's clock and ours may have drifted by a millisecond


@dataclass(slots=True)
class Gathering:
    """Knows when all that has come is read. Times are seconds of our own clock, but for the camera's `time_s`."""

    _newest_s: float | None = None  # when a packet was read that had just come,
    _newest_time_s: float = 0.0  # and its camera time

    def pause_s(self, asked_s: float, read_s: float, time_s: float, fps: float) -> float:
        """Return how long to let packets gather after the one that was asked for and read at these moments.

        0 while more is there to be read: that is known from how far camera time is behind, and now and then, because
        clocks drift, from a read that had to wait.
        """
        if read_s - asked_s > WAITED_S:
            self._newest_s, self._newest_time_s = read_s, time_s
        if self._newest_s is None or read_s - self._newest_s > SURE_FOR_S:
            return 0.0
        behind_s = (read_s - self._newest_s) - (time_s - self._newest_time_s)
        return PAUSE_S if behind_s * fps < 1.0 else 0.0
