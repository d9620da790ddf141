"""When each picture is decoded, which RTP does not say: it carries the times of showing only."""

from __future__ import annotations

import bisect
from typing import Final

_WRAP: Final = 2**32
REORDERED_AT_MOST: Final = 4  # pictures: what a stream may hold back without saying so at common levels
REORDERED_WITHIN: Final = 45_000  # ticks, half a second: further back is a clock that was set, not a B-frame


class DecodingOrder:
    """Times of one stream, unwrapped, and never falling for pictures that are out of order only by B-frames.

    A picture is decoded when the earliest of the last few is shown (the method of libav's compute_pkt_fields). How many
    that are is found out: each B-frame that comes as a surprise adds one, and is decoded just after its predecessor.
    """

    def __init__(self) -> None:
        self._pts: int | None = None
        self._dts = 0
        self._waiting: list[int] = []
        self._depth = 0

    def times(self, stamp: int) -> tuple[int, int]:
        """Return (pts, dts) in ticks for the next picture's 32-bit RTP time."""
        if self._pts is None:
            self._pts = self._dts = stamp
            self._waiting = [stamp]
            return stamp, stamp
        pts = self._pts + (stamp - self._pts + _WRAP // 2) % _WRAP - _WRAP // 2
        self._pts = pts
        if not self._depth and pts > self._dts:
            self._dts = pts
            return pts, pts
        if pts <= self._dts - REORDERED_WITHIN or pts == self._dts:
            self._waiting, self._dts = [pts], pts  # for `rtsp.timestamps` to judge
            return pts, pts
        if pts < self._dts and self._depth < REORDERED_AT_MOST:
            self._depth += 1
        bisect.insort(self._waiting, pts)
        del self._waiting[: -(self._depth + 1)]
        self._dts = max(self._dts + 1, self._waiting[0])
        return pts, self._dts
