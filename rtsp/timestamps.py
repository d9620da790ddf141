"""Judge the times that a camera puts on its packets, before anything is decoded or measured with them.

Cameras send packets without a time, with the time of another packet, with counters that wrap, and they set their clocks
in mid-stream. What can be repaired is repaired, what cannot is dropped and counted, and a clock that has really moved
ends the session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from rtsp.errors import SourceError
from rtsp.source import RawPacket

WIDE_GAP_S = 5.0  # further than this from where the last packet and the clock on the wall say we should be
BACKWARD_AT_MOST = 25  # in a row: a second of a common camera; more is a clock that was set back
WRAPS = (2**32, 2**33)  # RTP counts in 32 bits, MPEG in 33
_WRAP_SLACK_S = 60.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """Times to be trusted, in ticks of the stream's time base. `dts` rises strictly within a session."""

    pts: int
    dts: int


@dataclass(slots=True)
class Timestamps:
    """The judge of one session. `dropped` counts what was refused, by reason."""

    time_base: Fraction
    dropped: Counter[str] = field(default_factory=Counter)
    _tick_s: float = field(init=False)
    _wide: int = field(init=False)  # ticks of WIDE_GAP_S: fractions are slow, and this is asked of every packet
    _slack: int = field(init=False)  # of _WRAP_SLACK_S
    _last: int | None = None
    _arrived_s: float = 0.0
    _offset: int = 0  # added to what the camera says: the wraps so far
    _backward: int = 0
    _stray: int | None = None  # a far-off time that the next packet will confirm or not

    def __post_init__(self) -> None:
        self._tick_s = float(self.time_base)
        self._wide, self._slack = int(WIDE_GAP_S / self.time_base), int(_WRAP_SLACK_S / self.time_base)

    def judge(self, pts: int | None, dts: int | None, duration: int | None, arrived_s: float) -> Stamp | None:
        """Return the packet's times, or None to drop it. Raises `SourceError` when the camera's clock has jumped.

        `arrived_s` is our own monotonic clock, which tells a stall of the network from a jump of the camera.
        """
        said = dts if dts is not None else pts
        if said is None:
            return self._without_time(duration, arrived_s)
        time = said + self._offset
        if self._last is None:
            return self._accept(time, pts, arrived_s)
        time += self._wrapped(time)
        if self._jumped(time, arrived_s):
            self._far_off(time)
            return None
        self._stray = None
        if time <= self._last:
            self._back()
            return None
        return self._accept(time, pts, arrived_s)

    def _accept(self, time: int, pts: int | None, arrived_s: float) -> Stamp:
        self._last, self._arrived_s, self._backward = time, arrived_s, 0
        shown = time if pts is None else pts + self._offset
        # A picture is never shown before it is decoded, nor far behind: anything else is a lie about pts.
        if not 0 <= shown - time <= self._wide:
            shown = time
        return Stamp(shown, time)

    def _without_time(self, duration: int | None, arrived_s: float) -> Stamp | None:
        """A packet without a time follows its predecessor by its duration; without either it is dropped."""
        if self._last is None or duration is None or not 0 < duration <= self._wide:
            self.dropped["no_time"] += 1
            return None
        return self._accept(self._last + duration, None, arrived_s)

    def _wrapped(self, time: int) -> int:
        """Return what to add when the camera's counter has started again from zero; remember it for what follows."""
        assert self._last is not None
        for size in WRAPS:
            if abs(time + size - self._last) <= self._slack and size > 4 * self._slack:
                self._offset += size
                return size
        return 0

    def _jumped(self, time: int, arrived_s: float) -> bool:
        """True when the camera says that much more or less time has passed than the clock on the wall."""
        assert self._last is not None
        step_s = (time - self._last) * self._tick_s
        return not -WIDE_GAP_S <= step_s <= WIDE_GAP_S + max(0.0, arrived_s - self._arrived_s)

    def _far_off(self, time: int) -> None:
        """One stray packet is dropped; a second one that goes on from there means that the clock was set."""
        if self._stray is not None and abs(time - self._stray) <= self._wide:
            raise SourceError("timestamps", "the camera's clock has jumped")
        self._stray = time
        self.dropped["stray_time"] += 1

    def _back(self) -> None:
        self._backward += 1
        self.dropped["backward_time"] += 1
        if self._backward > BACKWARD_AT_MOST:
            raise SourceError("timestamps", "the camera's clock has gone back")


def with_first_time(packets: Iterator[RawPacket]) -> Iterator[RawPacket]:
    """Give a first packet without a time (libav's first of an RTSP session) the time just before the second's."""
    held: RawPacket | None = None
    first = True
    for packet in packets:
        if first and packet.dts is None and packet.pts is None:
            held, first = packet, False
            continue
        if held is not None:
            said = packet.dts if packet.dts is not None else packet.pts
            if said is not None:
                held.dts = held.pts = said - (held.duration or 1)
            yield held
            held = None
        first = False
        yield packet
