"""One camera's way from its ring through a decoder to whoever looks at the pictures."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from rtsp.decoder import Decoded, Decoder
from rtsp.frame import Frame
from rtsp.governor import Governor, Plan
from rtsp.packet import Packet
from rtsp.picture import VideoPicture
from rtsp.ring import PacketRing

TURN_PACKETS = 8  # at most so many per turn, so that one camera never keeps a thread from the others for long
LATE_AFTER_S = 1.0  # a decoder that is further behind than this jumps to the newest key frame


class Feed:
    """Decodes what the governor plans. The pool calls `need` and `turn`; the receiver calls `arrived`."""

    def __init__(self, camera_id: str, ring: PacketRing, governor: Governor, deliver: Callable[[Frame], None]) -> None:
        self.camera_id = camera_id
        self.ring = ring
        self.governor = governor
        self.skipped: Counter[str] = Counter()
        self.decoded = 0
        self.delivered = 0
        self.decode_errors = 0
        self.picture: tuple[int, int] = (0, 0)
        self._deliver = deliver
        self._decoder: Decoder | None = None
        self._session = -1
        self._index = 0
        self._cursor = 0  # number of the packet that is looked at next
        self._next_look_s = float("-inf")
        self._catch_up_to = 0
        self._broken = True  # a packet is missing since the last one that was decoded: go on at a key frame
        self._lock = threading.Lock()

    def need(self) -> float:
        """Return how many packets wait; a camera that is further behind goes first."""
        return float(self.ring.end - self._cursor)

    def turn(self) -> None:
        """Work through the next packets."""
        plan = self.governor.plan()
        for _ in range(TURN_PACKETS):
            if (found := self.ring.at(self._cursor)) is None:
                return
            number, packet = found
            if number != self._cursor:
                self._lose(number - self._cursor, "overrun")
            self._cursor = number + 1
            if self._behind(packet):
                continue
            self._enter(packet)
            if self._look_at(packet, plan):
                return

    def _behind(self, packet: Packet) -> bool:
        """Jump ahead when decoding cannot keep up; the loss is counted."""
        newest, key = self.ring.newest(), self.ring.newest_key()
        if newest is None or key is None or key < self._cursor or self._cursor <= self._catch_up_to:
            return False
        if newest.time_s - packet.time_s <= LATE_AFTER_S:
            return False
        self._lose(key - self._cursor + 1, "overloaded")
        self._cursor = key
        return True

    def _lose(self, packets: int, why: str) -> None:
        self.skipped[why] += packets
        self._broken = True

    def _enter(self, packet: Packet) -> None:
        """Start afresh when a new session begins."""
        if packet.session == self._session:
            return
        self._session, self._index, self._broken = packet.session, 0, True
        self._decoder = Decoder(packet.encoding)

    def _look_at(self, packet: Packet, plan: Plan) -> bool:
        """Decode a packet as far as the plan needs it; True when a picture was delivered."""
        assert self._decoder is not None
        if plan.mode == "asleep":
            return self._skip("asleep")
        if plan.mode == "keys" or packet.encoding.intra_only:
            return self._alone(packet, plan)
        if self._broken:
            if not packet.is_key:
                return self._skip("no_key_frame")
            self._decoder.restart()
            self._broken = False
        pictures = self._decoder.decode(packet)
        self.decode_errors = self._decoder.errors
        handed = [self._hand_out(picture, packet, plan) for picture in pictures]
        return any(handed)

    def _alone(self, packet: Packet, plan: Plan) -> bool:
        """Decode a picture that needs no neighbours, if its moment has come."""
        assert self._decoder is not None
        self._broken = not packet.encoding.intra_only
        if not packet.is_key:
            return self._skip("key_frames_only")
        if not self._due(packet.time_s, plan):
            return self._skip("not_wanted")
        picture = self._decoder.decode_alone(packet)
        self.decode_errors = self._decoder.errors
        return picture is not None and self._hand_out(picture, packet, plan)

    def _skip(self, why: str) -> bool:
        self.skipped[why] += 1
        if why != "not_wanted":
            self._broken = True
        return False

    def _due(self, time_s: float, plan: Plan) -> bool:
        return plan.mode == "every" or time_s >= self._next_look_s

    def _hand_out(self, picture: Decoded, packet: Packet, plan: Plan) -> bool:
        self.decoded += 1
        self._index += 1
        self.picture = (picture.frame.width, picture.frame.height)
        if not self._due(picture.time_s, plan):
            self.skipped["between_looks"] += 1
            return False
        self._schedule(picture.time_s, plan)
        utc_s = packet.utc_s + picture.time_s - packet.time_s
        self._deliver(
            Frame(
                camera_id=self.camera_id,
                session=packet.session,
                index=self._index - 1,
                time_s=picture.time_s,
                captured_at=datetime.fromtimestamp(utc_s, UTC),
                clock=packet.clock,
                key=picture.key,
                picture=VideoPicture(picture.frame),
            )
        )
        self.delivered += 1
        return True

    def _schedule(self, time_s: float, plan: Plan) -> None:
        """Keep to the beat, but never try to make up for looks that were missed."""
        period_s = 1.0 / plan.looks_per_s if plan.looks_per_s > 0 else 0.0
        slack_s = min(0.02, period_s / 4)  # half a frame of a common camera: a picture just early is taken
        due_s = self._next_look_s + slack_s
        self._next_look_s = (due_s if time_s - due_s < period_s else time_s) + period_s - slack_s
