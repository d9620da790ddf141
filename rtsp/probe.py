"""Look at a camera for a few seconds."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from common.redact import redact
from rtsp.advice import ProbeResult
from rtsp.decoder import Decoder
from rtsp.errors import SourceError
from rtsp.health import Meter
from rtsp.packet import Encoding, Packet
from rtsp.source import RawPacket, Source, SourceSettings, open_source
from rtsp.timestamps import Timestamps, with_first_time
from rtsp.wallclock import WallClock

_DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(slots=True)
class _Seen:
    """What is gathered while watching."""

    meter: Meter = field(default_factory=lambda: Meter(keep=1000))
    dropped: Counter[str] = field(default_factory=Counter)
    wall: WallClock = field(default_factory=WallClock)
    keys: int = 0
    packets: int = 0
    b_frames: bool = False
    first_picture_s: float | None = None
    size: tuple[int, int] = (0, 0)


def probe(
    url: str,
    settings: SourceSettings | None = None,
    *,
    watch_s: float = 8.0,
    stop: threading.Event | None = None,
    connect: Callable[[str, SourceSettings], Source] = open_source,
) -> ProbeResult:
    """Watch `url` for at most `watch_s` seconds. Never raises for a camera's fault: it stands in `failure`."""
    settings = settings or SourceSettings()
    started_s = time.monotonic()
    trip_ms = round_trip_ms(url)
    seen = _Seen()
    encoding: Encoding | None = None
    failure: SourceError | None = None
    source: Source | None = None
    try:
        source = connect(url, settings)
        encoding = source.connect()
        seen.wall = WallClock(arrival="file" if source.finite else "arrival", told=source.told_utc_s)
        _watch(source, encoding, seen, started_s, watch_s, stop or threading.Event())
    except SourceError as error:
        failure = error
    finally:
        if source is not None:
            source.close()
    return _result(url, encoding, seen, failure, trip_ms)


def _watch(
    source: Source, encoding: Encoding, seen: _Seen, started_s: float, watch_s: float, stop: threading.Event
) -> None:
    """Read packets until enough is known: two key frames and a clock, or the time is up."""
    times = Timestamps(encoding.time_base, seen.dropped)
    decoder, begun_s = Decoder(encoding), time.monotonic()
    for raw in with_first_time(source.packets(stop)):
        now_s = time.monotonic()
        packet = _judged(raw, encoding, times, seen, now_s)
        if packet is not None and seen.first_picture_s is None and (packet.is_key or seen.keys):
            _try_picture(decoder, packet, seen, started_s)
        enough = seen.keys >= 3 and seen.wall.clock != "arrival" and seen.first_picture_s is not None
        if now_s - begun_s >= watch_s or (enough and now_s - begun_s >= watch_s / 2):
            return


def _judged(raw: RawPacket, encoding: Encoding, times: Timestamps, seen: _Seen, now_s: float) -> Packet | None:
    stamp = times.judge(raw.pts, raw.dts, raw.duration, now_s)
    if stamp is None:
        return None
    time_s = float(stamp.dts * encoding.time_base)
    utc_s, clock = seen.wall.stamp(time_s, raw)
    seen.packets += 1
    seen.keys += raw.is_keyframe
    seen.b_frames |= stamp.pts != stamp.dts
    seen.meter.add(time_s, raw.size, raw.is_keyframe)
    return Packet(0, time_s, utc_s, clock, now_s, raw.is_keyframe, raw.size, raw, encoding)


def _try_picture(decoder: Decoder, packet: Packet, seen: _Seen, started_s: float) -> None:
    for picture in decoder.decode(packet):
        if seen.first_picture_s is None:
            seen.first_picture_s = time.monotonic() - started_s
            seen.size = (picture.frame.width, picture.frame.height)


def _result(
    url: str, encoding: Encoding | None, seen: _Seen, failure: SourceError | None, trip_ms: float | None
) -> ProbeResult:
    meter = seen.meter
    width, height = seen.size if any(seen.size) else (encoding.width, encoding.height) if encoding else (0, 0)
    if failure is None and seen.first_picture_s is None:
        failure = SourceError("decode", "packets arrive, but no picture could be decoded")
    ahead_s = seen.wall.ahead_s
    return ProbeResult(
        url=redact(url),
        failure=failure.reason if failure else None,
        failure_text=str(failure) if failure else None,
        codec=encoding.codec if encoding else "",
        width=width,
        height=height,
        fps=round(meter.fps, 2),
        key_frame_interval_s=round(meter.key_every_s, 2),
        bitrate_bps=round(meter.bitrate_bps),
        b_frames=seen.b_frames,
        clock=seen.wall.clock,
        clock_offset_ms=None if ahead_s is None else round(ahead_s * 1000, 1),
        round_trip_ms=trip_ms,
        first_picture_s=None if seen.first_picture_s is None else round(seen.first_picture_s, 3),
        watched_s=round(meter.span_s, 2),
        dropped=dict(seen.dropped),
    )


def round_trip_ms(url: str, timeout_s: float = 3.0) -> float | None:
    """Return how long the camera takes to accept a connection: one round trip. None for files and the unreachable."""
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        if not parts.hostname or port is None:
            return None
        started_s = time.monotonic()
        with socket.create_connection((parts.hostname, port), timeout=timeout_s):
            return round((time.monotonic() - started_s) * 1000, 2)
    except (OSError, ValueError):
        return None
