"""One camera's way from its ring through a decoder to whoever looks at the pictures."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from rtsp.change import Stillness
from rtsp.decoder import Decoded, Decoder
from rtsp.frame import Frame
from rtsp.glance import glance
from rtsp.governor import Governor, Plan
from rtsp.h264 import Quantisers, effort
from rtsp.hardware import SOFTWARE, Hardware
from rtsp.packet import Packet
from rtsp.picture import VideoPicture
from rtsp.pressure import Pressure
from rtsp.ring import PacketRing

TURN_PACKETS = 8  # at most so many per turn, so that one camera never keeps a thread from the others for long
KEY_FIRST = 10  # a picture by itself goes before a camera that is less behind than this; there are few of them
GRACE_PACKETS = 75  # arrive while it catches up; before they are decoded it is not called late
KEYS_LOOKED_AT = 6  # to find out when a change began; decoding all that lies between costs ten times as much
COMPARED_EVERY_S = 0.35  # while awake: a window of packets is as long, and is judged by one comparison
LATE_AFTER_S = 0.5  # a decoder that is further behind than this goes on at the next key frame, past or yet to come


class Feed:
    """Decodes what the governor plans.

    The receiver's thread calls `arrived`. The pool's threads call `need` and `turn`, never two at once.
    """

    def __init__(
        self,
        camera_id: str,
        ring: PacketRing,
        governor: Governor,
        deliver: Callable[[Frame], None],
        hardware: Hardware = SOFTWARE,
        pressure: Pressure | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.ring = ring
        self.governor = governor
        self.skipped: Counter[str] = Counter()
        self.decoded = self.delivered = 0
        self.picture: tuple[int, int] = (0, 0)
        self._earlier_errors = 0  # of decoders that are gone
        self.device = "software"  # that decoded last
        self._deliver = deliver
        self._hardware = hardware
        self._pressure = pressure or Pressure()
        self._decoder: Decoder | None = None
        self._still = Stillness()
        self._quantisers: Quantisers | None = None
        self._quantisers_of = -1  # session; the receiver's thread alone touches these two
        self._session = -1
        self._index = 0
        self._cursor = 0  # number of the packet that is looked at next
        self._key: int | None = None  # number of a key frame that is to be looked at by itself
        self._next_look_s = self._last_s = float("-inf")
        self._beat_s: float | None = None  # of the session's first look; the others keep time with it
        self._plan: Plan | None = None
        self._went_back_to_s: float | None = None
        self._glanced = False  # the last pictures were key frames by themselves: the cursor is behind on purpose
        self._catch_up_to = 0
        self._broken = True  # a packet is missing since the last one that was decoded: go on at a key frame

    @property
    def decode_errors(self) -> int:
        """How often a packet could not be decoded."""
        decoder = self._decoder
        return self._earlier_errors + (decoder.errors if decoder else 0)

    def arrived(self, number: int, packet: Packet) -> bool:
        """Hear of a new packet in the ring; True when the pool has something to do for it."""
        if self.governor.settings.may_sleep:
            self.governor.packet(packet.time_s, self._effort(packet), packet.is_key)
        plan = self.governor.plan()
        if plan.mode in {"every", "some"}:
            return True
        if packet.is_key and (packet.session != self._session or self._key_due(packet.time_s, plan)):
            self._key = number
            return True
        return False

    def _effort(self, packet: Packet) -> float:
        """Return what coding the picture took, also where the rate control hides it from the sizes."""
        if packet.session != self._quantisers_of:
            h264 = packet.encoding.codec == "h264"
            self._quantisers = Quantisers(packet.encoding.extradata) if h264 else None
            self._quantisers_of = packet.session
        if self._quantisers is None or packet.is_key:
            return float(packet.size_bytes)
        return effort(packet.size_bytes, self._quantisers.of(memoryview(cast(bytes, packet.raw))))

    def _key_due(self, time_s: float, plan: Plan) -> bool:
        return self.governor.check_due(time_s) if plan.mode == "asleep" else self._due(time_s, plan)

    def eased(self, looks_per_s: float) -> float:
        """Return how often pictures are handed out now, where so many were asked for."""
        return self._pressure.eased(looks_per_s)

    def need(self) -> float:
        """Return how many packets wait; the camera that is furthest behind goes first."""
        if self.governor.plan().mode in {"every", "some"}:
            return float(self.ring.end - self._cursor)
        key = self._key
        return 0.0 if key is None else float(self.ring.end - key + KEY_FIRST)

    def turn(self) -> None:
        """Decode a few packets, up to the next picture that is handed out."""
        try:
            self._turn()
        except Exception:
            self._release()  # the next turn begins at a key frame, with a decoder in which nothing has gone wrong
            raise

    def _turn(self) -> None:
        plan = self.governor.plan()
        if plan.mode in {"keys", "asleep"}:
            self._glance(plan)
            return
        if plan is not self._plan or self._glanced:
            self._adopt(plan)
        for _ in range(TURN_PACKETS):
            packet = self._next()
            if packet is None or self._follow(packet, plan):
                return

    def _adopt(self, plan: Plan) -> None:
        """Start on a new plan: go back to before the change when it says so, else on to the newest key frame."""
        glanced, self._plan, self._glanced = self._glanced, plan, False
        self._next_look_s = min(self._next_look_s, self._last_s + 1.0 / max(plan.looks_per_s, 1e-3))
        if plan.from_s is not None and plan.from_s != self._went_back_to_s:
            self._went_back_to_s, self._next_look_s = plan.from_s, self._on_beat(plan.from_s, plan)
            self._move_to(self.ring.key_before(plan.from_s))
            self._catch_up_to = self.ring.end + GRACE_PACKETS
        elif glanced:
            self._move_to(self.ring.newest_key())

    def _on_beat(self, time_s: float, plan: Plan) -> float:
        """Return when the first look at or after `time_s` is due on the beat that began with the session.

        So a camera that has slept is looked at in the very pictures in which it would have been had it not.
        """
        if self._beat_s is None:
            return time_s
        period_s = 1.0 / max(plan.looks_per_s, 1e-3)
        return self._beat_s + math.ceil((time_s - self._beat_s) / period_s) * period_s - _slack_s(period_s)

    def _move_to(self, number: int | None) -> None:
        """Go on at another packet, earlier or later; both keep the count of what was passed over right."""
        if number is None or number == self._cursor:
            return
        self.skipped["asleep"] = max(0, self.skipped["asleep"] + number - self._cursor)
        self._cursor, self._broken = number, True

    def _next(self) -> Packet | None:
        """Take the next packet out of the ring; what is gone, or too late, is counted."""
        found = self.ring.at(self._cursor)
        if found is None:
            return None
        number, packet = found
        if number > self._cursor:
            self._lose(number, "overrun")
        elif self._is_late(packet):
            # What follows a gap tells as much as what is late: on a full box pictures are rather few than old.
            key = self.ring.newest_key()
            self._lose(key if key is not None and key > self._cursor else self.ring.end, "overloaded")
            found = self.ring.at(self._cursor)
            if found is None:
                return None
            number, packet = found
        self._cursor = number + 1
        return packet

    def _is_late(self, packet: Packet) -> bool:
        """True when decoding is too far behind to catch up."""
        newest = self.ring.newest()
        if newest is None or self._cursor < self._catch_up_to:
            return False
        lag_s = newest.arrived_s - packet.arrived_s
        self._pressure.note(lag_s)
        return lag_s > LATE_AFTER_S

    def _lose(self, up_to: int, why: str) -> None:
        self.skipped[why] += up_to - self._cursor
        self._cursor, self._broken = up_to, True

    def _glance(self, plan: Plan) -> None:
        """Decode one key frame by itself, and keep no decoder of the camera's own for the time until the next."""
        number, self._key, self._glanced = self._key, None, True
        found = None if number is None else self.ring.at(number)
        if found is None or found[0] != number or number < self._cursor:
            return
        packet = found[1]
        self._follow_session(packet)
        if plan.mode == "keys" and not self._due(packet.time_s, plan):
            return  # it came while the one before it was decoded, which was enough
        self._lose(number, "asleep" if plan.mode == "asleep" else "key_frames_only")
        self._cursor = number + 1
        self._release()
        shown = plan.mode != "asleep" or self.governor.idle_look_due(packet.time_s)
        picture = glance(packet, shown=shown)  # in software: opening a device takes longer than one picture
        self.device = "software"
        if picture is None:
            self._earlier_errors += 1
            return
        self._count(picture)
        if plan.mode == "asleep":
            self._check(picture, packet, shown)
        elif self._due(picture.time_s, plan):
            self._hand_out(picture, packet, plan)

    def _check(self, picture: Decoded, packet: Packet, shown: bool) -> None:
        """Compare a sleeping camera's picture with the earlier ones; hand it out now and then all the same."""
        moved = self._still.moved(picture.time_s, VideoPicture(picture.frame))
        since_s = self._unchanged_until(packet) if moved else self._still.still_since_s
        self.governor.saw(picture.time_s, moved=moved, since_s=since_s)
        plan = self.governor.plan()
        if plan.mode == "asleep" and shown:
            self._hand_out(picture, packet, plan)
        elif plan.mode == "asleep":
            self.skipped["checked"] += 1

    def _unchanged_until(self, packet: Packet) -> float | None:
        """Return the time of the last key frame since the check before that does not show the change yet."""
        keys = self.ring.keys_between(self.governor.checked_s, packet.time_s)
        for key in reversed(keys[-KEYS_LOOKED_AT:]):
            picture = glance(key, shown=False) if key.session == packet.session else None
            if picture is None or not self._still.had_moved(VideoPicture(picture.frame)):
                return key.time_s
        return None

    def _follow(self, packet: Packet, plan: Plan) -> bool:
        """Decode a packet in sequence; True when a picture was handed out."""
        decoder = self._enter(packet)
        if packet.encoding.intra_only and not self._due(packet.time_s, plan):
            self.skipped["not_wanted"] += 1
            return False
        if self._broken and not packet.is_key:
            self.skipped["no_key_frame"] += 1
            return False
        if self._broken:
            decoder.restart()
            self._broken = False
        pictures: list[Decoded] = []
        if packet.is_key and (0 < self._catch_up_to < self._cursor or decoder.filters == self._pressure.high):
            pictures, decoder = decoder.rest(packet), self._renewed(packet)
        decoder.skip("NONREF" if plan.spare else "DEFAULT")
        return sum(self._consider(picture, packet, plan) for picture in [*pictures, *decoder.decode(packet)]) > 0

    def _renewed(self, packet: Packet) -> Decoder:
        """Return a fresh decoder.

        One that has caught up holds on to memory for all the pictures that were in line; and whether it filters block
        edges is settled when it is made: under pressure it does not, which saves a sixth (0113).
        """
        self._catch_up_to = 0
        self._release()
        decoder = self._enter(packet)
        self._broken = False
        return decoder

    def _consider(self, picture: Decoded, packet: Packet, plan: Plan) -> bool:
        self._count(picture)
        if not self._due(picture.time_s, plan) or picture.time_s <= self._last_s:
            self.skipped["between_looks"] += 1
            return False
        self._hand_out(picture, packet, plan)
        if self.governor.settings.may_sleep and picture.time_s >= self.governor.checked_s + COMPARED_EVERY_S:
            moved = self._still.moved(picture.time_s, VideoPicture(picture.frame))
            self.governor.saw(picture.time_s, moved=moved, since_s=None if moved else self._still.still_since_s)
        return True

    def _enter(self, packet: Packet) -> Decoder:
        """Return the decoder of the packet's session, a new one when there is none."""
        self._follow_session(packet)
        if self._decoder is None:
            self._decoder = Decoder(packet.encoding, self._hardware, loop_filter=not self._pressure.high)
            self._broken = True
        self.device = self._decoder.device
        return self._decoder

    def _follow_session(self, packet: Packet) -> None:
        if packet.session != self._session:
            self._release()
            self._session, self._index, self._still = packet.session, 0, Stillness()
            self._next_look_s, self._beat_s = float("-inf"), None

    def _release(self) -> None:
        if self._decoder is not None:
            self._earlier_errors += self._decoder.errors
            self._decoder, self._broken = None, True

    def _count(self, picture: Decoded) -> None:
        self.decoded += 1
        self._index += 1
        self.picture = (picture.frame.width, picture.frame.height)

    def _due(self, time_s: float, plan: Plan) -> bool:
        return plan.mode == "every" or time_s >= self._next_look_s

    def _hand_out(self, picture: Decoded, packet: Packet, plan: Plan) -> None:
        if picture.time_s <= self._last_s:
            return
        if self._beat_s is None:
            self._beat_s = picture.time_s
        self._schedule(picture.time_s, plan)
        self._last_s = picture.time_s
        frame = Frame(
            camera_id=self.camera_id,
            session=packet.session,
            index=self._index - 1,
            time_s=picture.time_s,
            captured_at=datetime.fromtimestamp(packet.utc_s + picture.time_s - packet.time_s, UTC),
            clock=packet.clock,
            key=picture.key,
            picture=VideoPicture(picture.frame),
        )
        self.delivered += 1
        self._deliver(frame)

    def _schedule(self, time_s: float, plan: Plan) -> None:
        """Keep to the beat, but never try to make up for looks that were missed."""
        period_s = 1.0 / self.eased(plan.looks_per_s) if plan.looks_per_s > 0 else float("inf")
        slack_s = _slack_s(period_s)
        due_s = self._next_look_s + slack_s
        self._next_look_s = (due_s if time_s - due_s < period_s else time_s) + period_s - slack_s


def _slack_s(period_s: float) -> float:
    """Return how early a picture may be: half a frame of a common camera."""
    return min(0.02, period_s / 4)
