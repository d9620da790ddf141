"""A network that lets only so much through: what does not fit waits, and what cannot wait is lost."""

from __future__ import annotations

from collections import deque

QUEUE_BYTES = 64_000  # about what a real camera keeps before it throws pictures away
BURST_S = 0.1


class Throttle:
    """Holds packets back; `released` gives out what the rate allows by now. Whole packets only."""

    def __init__(self, bits_per_s: float, now_s: float) -> None:
        self._bytes_per_s = max(1.0, bits_per_s / 8)
        self._queue: deque[bytes] = deque()
        self.waiting_bytes = 0
        self._credit = self._bytes_per_s * BURST_S
        self._since_s = now_s

    def put(self, packets: list[bytes], *, must: bool = False) -> bool:
        """Queue the packets; False where they do not fit, unless they `must`."""
        size = sum(map(len, packets))
        if self.waiting_bytes and self.waiting_bytes + size > QUEUE_BYTES and not must:
            return False
        self._queue.extend(packets)
        self.waiting_bytes += size
        return True

    def released(self, now_s: float) -> list[bytes]:
        """Return the packets whose turn has come. Credit does not pile up while nothing waits."""
        self._credit += (now_s - self._since_s) * self._bytes_per_s
        self._since_s = now_s
        out = []
        while self._queue and self._credit >= 0:
            packet = self._queue.popleft()
            self._credit -= len(packet)
            out.append(packet)
        self.waiting_bytes -= sum(map(len, out))
        if not self._queue:
            self._credit = min(self._credit, self._bytes_per_s * BURST_S)
        return out

    def rest(self) -> list[bytes]:
        """Return everything that still waits."""
        out = list(self._queue)
        self._queue.clear()
        self.waiting_bytes = 0
        return out
