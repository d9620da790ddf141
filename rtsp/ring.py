"""The last seconds of a camera, still compressed, in whole groups of pictures.

It is the queue between the receiver and the decoders as well: whoever decodes keeps the number of the packet it wants
next, so a camera may sleep and still be decoded from before it woke.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from rtsp.packet import Packet

MAX_BYTES = 5 * 2**20  # 10 s at 4 Mbit/s


@dataclass(slots=True)
class _Group:
    """Consecutive packets of one session from `first` on; whole when it starts with a key frame."""

    first: int
    whole: bool
    packets: list[Packet] = field(default_factory=list)
    size_bytes: int = 0

    @property
    def end(self) -> int:
        return self.first + len(self.packets)


class PacketRing:
    """Bounded in bytes; the oldest group of pictures goes first. Safe to use from several threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._groups: deque[_Group] = deque()
        self._next = 0
        self._size_bytes = 0
        self._lock = threading.Lock()

    def append(self, packet: Packet) -> int:
        """Add a packet and return its number."""
        with self._lock:
            number = self._next
            self._next += 1
            newest = self._groups[-1] if self._groups else None
            if newest is None or packet.is_key or newest.packets[-1].session != packet.session:
                newest = _Group(number, whole=packet.is_key)
                self._groups.append(newest)
            newest.packets.append(packet)
            newest.size_bytes += packet.size_bytes
            self._size_bytes += packet.size_bytes
            self._shrink()
            return number

    def _shrink(self) -> None:
        while self._size_bytes > self.max_bytes and len(self._groups) > 1:
            self._size_bytes -= self._groups.popleft().size_bytes
        if self._size_bytes > self.max_bytes:
            self._halve(self._groups[0])

    def _halve(self, group: _Group) -> None:
        """Without key frames for very long, keep the newer half: only a decoder in full run can use it."""
        gone = max(1, len(group.packets) // 2)
        if gone == len(group.packets):
            return
        lost_bytes = sum(packet.size_bytes for packet in group.packets[:gone])
        del group.packets[:gone]
        group.first += gone
        group.size_bytes -= lost_bytes
        group.whole = False
        self._size_bytes -= lost_bytes

    def __len__(self) -> int:
        with self._lock:
            return sum(len(group.packets) for group in self._groups)

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    @property
    def span_s(self) -> float:
        """How many seconds of camera time are in it."""
        with self._lock:
            if not self._groups:
                return 0.0
            return self._groups[-1].packets[-1].time_s - self._groups[0].packets[0].time_s

    @property
    def end(self) -> int:
        """The number that the next packet will get."""
        return self._next

    def newest(self) -> Packet | None:
        """Return the packet that came last."""
        with self._lock:
            return self._groups[-1].packets[-1] if self._groups else None

    def at(self, number: int) -> tuple[int, Packet] | None:
        """Return (number, packet) of `number`, or of the oldest one still here when it is gone; None past the end."""
        with self._lock:
            for group in reversed(self._groups):
                if number >= group.end:
                    return None
                if number >= group.first:
                    return number, group.packets[number - group.first]
            if not self._groups:
                return None
            oldest = self._groups[0]
            return oldest.first, oldest.packets[0]

    def key_before(self, time_s: float) -> int | None:
        """Return the number of the last key frame at or before `time_s`, else of the first one there is."""
        with self._lock:
            found: int | None = None
            for group in self._groups:
                if group.whole and (found is None or group.packets[0].time_s <= time_s):
                    found = group.first
            return found

    def newest_key(self) -> int | None:
        """Return the number of the key frame that came last."""
        with self._lock:
            return next((group.first for group in reversed(self._groups) if group.whole), None)

    def keys_between(self, from_s: float, to_s: float) -> list[Packet]:
        """Return the key frames after `from_s` and before `to_s`, in order."""
        with self._lock:
            firsts = [group.packets[0] for group in self._groups if group.whole]
        return [packet for packet in firsts if from_s < packet.time_s < to_s]

    def since(self, time_s: float) -> list[Packet]:
        """Return the packets from the key frame before `time_s` on (or from the first key frame there is)."""
        start = self.key_before(time_s)
        return [] if start is None else list(self._from(start))

    def _from(self, number: int) -> Iterator[Packet]:
        with self._lock:
            groups = [(group.first, list(group.packets)) for group in self._groups if group.end > number]
        for first, packets in groups:
            yield from packets[max(0, number - first) :]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._groups.clear()
            self._size_bytes = 0
