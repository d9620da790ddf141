"""When a picture was taken, in UTC: as the camera reports it (RTCP), otherwise when it arrived."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from rtsp.frame import Clock
from rtsp.source import RawPacket

_LOOK_EVERY_S = 1.0  # the report changes every few seconds; reading it from each packet costs more than it tells
_REPORTS_KEPT = 10
_ABSURD_S = 10 * 365 * 86400.0  # a camera that never had its clock set says 1970


class WallClock:
    """The UTC of one session's packets."""

    def __init__(
        self,
        utc: Callable[[], float] = time.time,
        *,
        arrival: Clock = "arrival",
        told: Callable[[RawPacket], float | None] = lambda packet: None,
    ) -> None:
        """`told`: when a packet's picture was taken, by the camera's clock (`Source.told_utc_s`)."""
        self._utc, self._told = utc, told
        self._arrival = arrival
        self._offset_s: float | None = None  # camera's UTC minus camera time
        self._looked_s = float("-inf")
        self.clock: Clock = arrival
        self._ahead_s: deque[float] = deque(maxlen=_REPORTS_KEPT)

    def stamp(self, time_s: float, raw: RawPacket) -> tuple[float, Clock]:
        """Return (UTC in seconds, who says so) for a packet at camera time `time_s`."""
        if time_s - self._looked_s >= _LOOK_EVERY_S:
            self._read(time_s, raw)
        if self._offset_s is not None:
            return time_s + self._offset_s, "rtcp"
        return self._utc(), self._arrival

    @property
    def ahead_s(self) -> float | None:
        """Camera's clock minus ours, None when it does not tell: of the packet that travelled fastest lately."""
        return max(self._ahead_s, default=None)

    def _read(self, time_s: float, raw: RawPacket) -> None:
        taken_s, now_s = self._told(raw), self._utc()
        if taken_s is None:
            return
        self._looked_s = time_s
        if abs(taken_s - now_s) > _ABSURD_S:
            return
        self._offset_s = taken_s - time_s
        self._ahead_s.append(taken_s - now_s)
        self.clock = "rtcp"
