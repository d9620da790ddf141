"""A clip laid end to end without a seam: which picture comes when, for as long as anyone watches."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from rtsp.simulator.clip import AccessUnit, Clip
from rtsp.simulator.packets import Packets, packetise


class Film:
    """A clip and its packets, made when first sent and shared by every copy of a camera."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.sent = [unit.sent for unit in clip.units]
        self.delay = max(unit.sent - unit.captured for unit in clip.units)  # what B-frames cost
        self.keys = [number for number, unit in enumerate(clip.units) if unit.key]
        self._packets: dict[int, list[Packets | None]] = {}

    def packets(self, number: int, payload_bytes: int) -> Packets:
        """Return the packets of picture `number`, none with a payload above `payload_bytes`."""
        made = self._packets.get(payload_bytes)
        if made is None:
            made = self._packets[payload_bytes] = [None] * len(self.clip.units)
        packets = made[number]
        if packets is None:
            packets = made[number] = packetise(self.clip, self.clip.units[number], payload_bytes)
        return packets


class Reel:
    """A film in a loop that began at camera time `origin` (ticks). Position n is picture n mod N of round n div N."""

    def __init__(self, film: Film, origin: int) -> None:
        self.film = film
        self.origin = origin
        self.round = len(film.clip.units)
        self._length = film.clip.length

    def unit(self, n: int) -> AccessUnit:
        return self.film.clip.units[n % self.round]

    def sent_at(self, n: int) -> int:
        """Camera time at which picture n is sent."""
        loop, number = divmod(n, self.round)
        return self.origin + loop * self._length + self.film.sent[number]

    def captured_at(self, n: int) -> int:
        """Camera time at which picture n was taken; what its RTP timestamp says."""
        loop, number = divmod(n, self.round)
        return self.origin + loop * self._length + self.film.clip.units[number].captured

    def first_from(self, ticks: int) -> int:
        """The first picture that is sent at camera time `ticks` or later."""
        loop, within = divmod(ticks - self.origin - self.film.sent[0], self._length)
        return max(0, loop * self.round + bisect_left(self.film.sent, within + self.film.sent[0]))

    def key_from(self, n: int) -> int:
        """The first key frame at or after n."""
        loop, number = divmod(n, self.round)
        at = bisect_left(self.film.keys, number)
        if at == len(self.film.keys):
            return (loop + 1) * self.round + self.film.keys[0]
        return loop * self.round + self.film.keys[at]

    def key_until(self, n: int) -> int:
        """The last key frame at or before n."""
        loop, number = divmod(n, self.round)
        return loop * self.round + self.film.keys[bisect_right(self.film.keys, number) - 1]
