"""Give packets the pace of a camera, and a camera's packets the times that it does not send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

from rtsp.source import RawPacket

ARRIVAL_BASE = Fraction(1, 90000)


def at_its_own_pace(packets: Iterator[RawPacket], stop: threading.Event) -> Iterator[RawPacket]:
    """Hold each packet of a recording back until its time has come; end when `stop` is set."""
    started_s, first_s = time.monotonic(), None
    for packet in packets:
        time_s = None if packet.dts is None else float(packet.dts * packet.time_base)
        if time_s is not None:
            first_s = time_s if first_s is None else first_s
            if stop.wait(max(0.0, started_s + time_s - first_s - time.monotonic())):
                return
        yield packet


def timed_by_arrival(packets: Iterator[RawPacket], clock: Callable[[], float] = time.monotonic) -> Iterator[RawPacket]:
    """Replace invented times by those of arrival, in ticks of `ARRIVAL_BASE`."""
    started_s = clock()
    for packet in packets:
        packet.pts = packet.dts = int((clock() - started_s) / ARRIVAL_BASE)
        packet.time_base = ARRIVAL_BASE
        yield packet
