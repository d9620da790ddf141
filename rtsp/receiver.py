"""One camera kept connected: its ring, its decoder's feed, and what it says about itself."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from common.backoff import delays
from rtsp.clip import Clip, cut
from rtsp.errors import SourceError
from rtsp.feed import Feed
from rtsp.frame import Frame
from rtsp.governor import Governor, GovernorSettings
from rtsp.hardware import SOFTWARE, Hardware
from rtsp.health import CameraHealth, Meter
from rtsp.packet import Encoding, Packet
from rtsp.picture import VideoPicture
from rtsp.pool import DecoderPool
from rtsp.reader import Reader
from rtsp.ring import MAX_BYTES, PacketRing
from rtsp.shown import shown
from rtsp.source import RawPacket, Source, SourceSettings, Transport, open_source
from rtsp.supervisor import supervise
from rtsp.timestamps import Timestamps, with_first_time
from rtsp.wallclock import WallClock

__all__ = ["Camera", "CameraHealth", "DecoderPool"]

log = logging.getLogger(__name__)

STOP_WITHIN_S = 5.0
PROMPT_S = 0.04  # one picture of a common camera gathers: a twenty-fifth of the second in which an event must be told
PATIENT_S = 0.2  # 100 kB at 4 Mbit/s: less than a key frame, which the connection has to hold anyway


class Camera:
    """Connects on its own thread, receives there or on the reader's, decodes and hands out frames on the pool's."""

    def __init__(
        self,
        camera_id: str,
        url: str,
        *,
        transport: Transport = "tcp",
        pool: DecoderPool,
        reader: Reader | None = None,
        deliver: Callable[[Frame], None],
        looks_per_s: float,
        key_frames_only: bool = False,
        governor: GovernorSettings | None = None,
        hardware: Hardware = SOFTWARE,
        ring_bytes: int = MAX_BYTES,
        settings: SourceSettings | None = None,
        connect: Callable[[str, SourceSettings], Source] = open_source,
        clock: Callable[[], float] = time.monotonic,
        utc: Callable[[], float] = time.time,
        waits: Callable[[], Iterator[float]] = delays,
    ) -> None:
        self.camera_id = camera_id
        self.ring = PacketRing(ring_bytes)
        self._url = url
        self._settings = settings or SourceSettings(transport=transport)
        self._connect, self._clock, self._utc, self._waits = connect, clock, utc, waits
        self._pool, self._reader = pool, reader
        self._hardware = hardware
        self._deliver = deliver
        self._governor = Governor(looks_per_s, key_frames_only, governor or GovernorSettings())
        self._feed = Feed(camera_id, self.ring, self._governor, self._hand_over, hardware, pool.pressure)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera_id}", daemon=True)
        self._meter = Meter()
        self._dropped: Counter[str] = Counter()
        self._wall = WallClock(utc)
        self._encoding: Encoding | None = None
        self._failure: SourceError | None = None
        self._connected = False
        self._session = self._retries = self._received = 0
        self._time_s: float | None = None  # camera time of the last packet, of any session
        self._packet_at_s: float | None = None
        self._frame_at_s: float | None = None

    def start(self) -> None:
        """Begin to connect."""
        self._pool.join(self._feed)
        self._thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until a recording has been played; a live camera has no end."""
        self._thread.join(timeout_s)

    def stop(self) -> None:
        """End it, within five seconds even when the network hangs."""
        self._stop.set()
        self._pool.leave(self._feed)
        self._thread.join(timeout=STOP_WITHIN_S - 2.0 if self._connected else STOP_WITHIN_S - 1.0)
        if self._thread.is_alive():
            log.warning("the connection hangs; left behind", extra={"camera": self.camera_id})
        self.ring.clear()

    def want(self, looks_per_s: float | None, *, reason: str) -> None:
        """Ask for more looks while `reason` holds (a rule, an operator, an ONVIF event); None ends it."""
        self._governor.want(looks_per_s, reason)
        self._pool.wake()

    def clip(self, path: Path, until: datetime | None, seconds: float) -> Clip | None:
        """Write the `seconds` before `until` (UTC; None: now) as MP4, without decoding; see `rtsp.clip.cut`."""
        at_s = self._time_of(until)
        return None if at_s is None else cut(self.ring, path, at_s - seconds, at_s)

    def still(self, at: datetime | None) -> VideoPicture | None:
        """Decode the picture that was shown at `at` (UTC; None: now); None when the ring holds none."""
        at_s = self._time_of(at)
        return None if at_s is None else shown(self.ring, at_s)

    def utc_of(self, time_s: float) -> datetime:
        """Return the UTC of a camera time, by the newest packet. Raises LookupError while there is none."""
        newest = self.ring.newest()
        if newest is None:
            raise LookupError(f"camera {self.camera_id!r} has sent nothing yet")
        return datetime.fromtimestamp(newest.utc_s + time_s - newest.time_s, UTC)

    def _time_of(self, at: datetime | None) -> float | None:
        newest = self.ring.newest()
        if newest is None:
            return None
        return newest.time_s if at is None else newest.time_s + at.timestamp() - newest.utc_s

    def _run(self) -> None:
        supervise(self._attempt_anyway, self._lost, self._stop, camera_id=self.camera_id, waits=self._waits)

    def _attempt_anyway(self, session: int) -> bool:
        """Run one session; what nobody foresaw ends it as a broken connection does, and is tried again."""
        try:
            return self._attempt(session)
        except SourceError:
            raise
        except Exception as error:  # the top of this thread: one damaged packet must not end the watch for good
            log.exception("the camera's receiver failed", extra={"camera": self.camera_id})
            raise SourceError("internal", str(error)) from error

    def _lost(self, failure: SourceError) -> None:
        self._connected, self._failure = False, failure
        self._retries += 1

    def _attempt(self, session: int) -> bool:
        """Run one session to its end; True when it was a recording and has been played."""
        source = self._connect(self._url, self._settings)
        try:
            encoding = source.connect()
            self._begin(session, encoding)
            self._receive(session, encoding, source)
        finally:
            source.close()
        self._connected = False
        return source.finite

    def _begin(self, session: int, encoding: Encoding) -> None:
        self._encoding, self._session, self._connected, self._meter = encoding, session, True, Meter()
        self._governor.begin()
        log.info("connected", extra={"camera": self.camera_id, "session": session, "codec": encoding.codec})

    def _receive(self, session: int, encoding: Encoding, source: Source) -> None:
        """Take in what comes, until it ends; a source that never waits is read together with the other cameras'."""
        self._wall = WallClock(self._utc, arrival="file" if source.finite else "arrival", told=source.told_utc_s)
        times, tick_s, base_s = Timestamps(encoding.time_base, self._dropped), float(encoding.time_base), 0.0

        def take(raw: RawPacket) -> None:
            nonlocal base_s
            arrived_s = self._clock()
            stamp = times.judge(raw.pts, raw.dts, raw.duration, arrived_s)
            self._received += 1
            self._packet_at_s = arrived_s
            if stamp is None:
                return
            if not base_s:
                base_s = max(arrived_s, (self._time_s or 0.0) + 0.001) - stamp.dts * tick_s
            raw.pts, raw.dts = stamp.pts, stamp.dts
            self._take(_stamped(raw, session, base_s + stamp.pts * tick_s, arrived_s, encoding, self._wall))

        if self._reader is not None and source.polled:
            self._reader.serve(source.poll, take, self._pause_s, self._stop)
            return
        for raw in with_first_time(source.packets(self._stop)):
            take(raw)

    def _pause_s(self) -> float:
        """Return how long packets may gather before they are read."""
        return PATIENT_S if self._governor.plan().mode in {"asleep", "keys"} else PROMPT_S

    def _take(self, packet: Packet) -> None:
        self._time_s = max(packet.time_s, self._time_s or 0.0)
        self._meter.add(packet.time_s, packet.size_bytes, packet.is_key)
        if packet.is_key:
            encoding = packet.encoding
            self._governor.measured(self._meter.fps, self._meter.key_every_s, encoding.width * encoding.height)
        if self._feed.arrived(self.ring.append(packet), packet):
            self._pool.wake()

    def _hand_over(self, frame: Frame) -> None:
        self._frame_at_s = self._clock()
        self._deliver(frame)

    def health(self) -> CameraHealth:
        """Return what is known right now."""
        feed, plan, meter, now_s = self._feed, self._governor.plan(), self._meter, self._clock()
        encoding = self._encoding
        width, height = feed.picture if any(feed.picture) else (encoding.width, encoding.height) if encoding else (0, 0)
        ahead_s = self._wall.ahead_s
        return CameraHealth(
            camera_id=self.camera_id,
            connected=self._connected,
            session=self._session,
            failure=self._failure.reason if self._failure else None,
            failure_text=str(self._failure) if self._failure else None,
            retries=self._retries,
            codec=encoding.codec if encoding else "",
            width=width,
            height=height,
            fps_in=round(meter.fps, 2),
            bitrate_bps=round(meter.bitrate_bps),
            key_every_s=round(meter.key_every_s, 2),
            received=self._received,
            decoded=feed.decoded,
            delivered=feed.delivered,
            skipped=dict(feed.skipped),
            dropped=dict(self._dropped),
            decode_errors=feed.decode_errors,
            device=feed.device,
            device_reason=None if encoding is None else self._hardware.why_not(encoding.codec),
            mode=plan.mode,
            mode_reason=plan.reason,
            looks_per_s=round(feed.eased(plan.looks_per_s), 3),
            woken=dict(self._governor.woken),
            sizes_tell=self._governor.trust,
            clock=self._wall.clock,
            clock_offset_ms=None if ahead_s is None else round(ahead_s * 1000, 1),
            last_packet_age_s=None if self._packet_at_s is None else round(now_s - self._packet_at_s, 3),
            last_frame_age_s=None if self._frame_at_s is None else round(now_s - self._frame_at_s, 3),
            ring_bytes=self.ring.size_bytes,
            ring_s=round(self.ring.span_s, 2),
        )


def _stamped(
    raw: RawPacket, session: int, time_s: float, arrived_s: float, encoding: Encoding, wall: WallClock
) -> Packet:
    """Put a judged packet into the form in which it travels."""
    utc_s, clock = wall.stamp(time_s, raw)
    return Packet(session, time_s, utc_s, clock, arrived_s, raw.is_keyframe, raw.size, raw, encoding)
