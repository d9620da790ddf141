"""One receiver of one camera: where it is in the reel, its sequence numbers, its reports."""

from __future__ import annotations

import random
from typing import Protocol

from rtsp.simulator.damage import garbled, truncated
from rtsp.simulator.faults import Fault
from rtsp.simulator.packets import Packets
from rtsp.simulator.reel import Reel
from rtsp.simulator.rtcp import sender_report

REPORT_EVERY_S = 5.0


class Outlet(Protocol):
    """A way to a receiver: interleaved in its connection, or datagrams."""

    payload_bytes: int
    catch_up_bytes: int  # at a time, so that a late joiner is not flooded

    def send(self, packets: Packets, sequence: int, timestamp: int, source: int) -> bool:
        """Patch and send; False where the receiver is so slow that the picture was thrown away."""

    def report(self, packet: bytes) -> None: ...

    def throttle(self, bits_per_s: float | None) -> None: ...


class Viewer:
    """Follows a camera. `at` is the next picture it wants; a later one than the camera's means: wait for it."""

    def __init__(self, outlet: Outlet, name: str, rng: random.Random) -> None:
        self.outlet = outlet
        self.source = rng.getrandbits(32)
        self.sequence = rng.getrandbits(15)
        self.reel: Reel | None = None
        self.at = 0
        self.sent = 0
        self.skipped = 0
        self._octets = 0
        self._name = name
        self._rng = rng
        self.report_due_s = 0.0

    def follow(self, reel: Reel, n: int, timestamp_base: int, faults: frozenset[Fault]) -> None:
        """Send what is due up to picture n; a new reel begins with a key frame, so it is taken up at once."""
        if self.reel is not reel:
            self.reel, self.at = reel, n
        budget = self.outlet.catch_up_bytes
        while self.at <= n and budget > 0:
            packets = reel.film.packets(self.at % reel.round, self.outlet.payload_bytes)
            budget -= len(packets.blob)
            if not self._send(packets, timestamp_base + reel.captured_at(self.at), faults):
                self.skip(reel, n)
                return
            self.at += 1

    def skip(self, reel: Reel, n: int) -> None:
        """Miss everything up to the next key frame after n."""
        self.reel, self.at = reel, reel.key_from(n + 1)
        self.skipped += 1

    def _send(self, packets: Packets, timestamp: int, faults: frozenset[Fault]) -> bool:
        if faults:
            if Fault.GARBAGE in faults:
                packets = garbled(packets, self._rng)
            if Fault.TRUNCATED in faults:
                packets = truncated(packets, self._rng)
        if not self.outlet.send(packets, self.sequence, timestamp & 0xFFFFFFFF, self.source):
            return False
        count = len(packets.heads)
        self.sequence = (self.sequence + count) & 0xFFFF
        self.sent += count
        self._octets += len(packets.blob) - 16 * count
        return True

    def report(self, now_s: float, utc_s: float, timestamp: int) -> None:
        """Tell what time of day `timestamp` is; to be called when `report_due_s` has come."""
        self.report_due_s = now_s + REPORT_EVERY_S
        report = sender_report(
            source=self.source,
            utc_s=utc_s,
            rtp_timestamp=timestamp,
            packets=self.sent,
            octets=self._octets,
            name=self._name,
        )
        self.outlet.report(report)

    def report_soon(self) -> None:
        self.report_due_s = 0.0
