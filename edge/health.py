"""Say how the box and each camera are doing: what is analysed, what is skipped and why, how late, how full."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

import psutil

from common.machine import version
from common.redact import redact
from edge.alarm_rate import AlarmRate
from edge.config import CameraSettings
from edge.inference import Seat
from edge.rules.vitals import Vitals
from mqtt.event import Position
from mqtt.wire import CameraHealth, Health, LatencyMs, LinkHealth, ModelHealth, OutboxHealth
from rtsp.receiver import CameraHealth as ReceiverHealth

MB: Final = 2**20
PICTURELESS_S: Final = 30.0  # longer than the longest usual key-frame interval


class Depth(Protocol):
    def health(self) -> OutboxHealth: ...


class Link(Protocol):
    def health(self) -> LinkHealth: ...


@dataclass(slots=True)
class CameraPulse:
    """Turns a camera's running totals into what happened since the last message."""

    settings: CameraSettings
    seat: Seat
    last_s: float
    started_s: float
    last_received: int = 0
    last_analysed: int = 0
    alarms: AlarmRate = field(init=False)

    def __post_init__(self) -> None:
        self.alarms = AlarmRate(self.started_s)

    def beat(self, received: ReceiverHealth, now_s: float) -> CameraHealth:
        seconds = max(1e-3, now_s - self.last_s)
        fps_in = (received.received - self.last_received) / seconds
        fps_analysed = (self.seat.analysed - self.last_analysed) / seconds
        self.last_s, self.last_received, self.last_analysed = now_s, received.received, self.seat.analysed
        p50, p95, p99 = (self.seat.latency_ms(share) for share in (0.5, 0.95, 0.99))
        error = self.seat.failed or (None if received.connected else received.failure_text)
        return CameraHealth(
            name=self.settings.name or self.settings.id,
            area=self.settings.area,
            position=_position(self.settings),
            state=_state(self.seat, received),
            session=received.session,
            fps_in=round(max(0.0, fps_in), 2),
            fps_analysed=round(fps_analysed, 2),
            received=received.received,
            decoded=received.decoded,
            analysed=self.seat.analysed,
            looks=dict(self.seat.attention.looks),
            skipped=_skipped(self.seat, received),
            latency_ms=None if p50 is None or p95 is None else LatencyMs(p50=p50, p95=p95, p99=p99),
            clock_offset_ms=received.clock_offset_ms,
            clock_source=received.clock,
            mode=received.mode,
            mode_reason=received.mode_reason,
            looks_per_s=received.looks_per_s,
            woken=dict(received.woken),
            decoder=received.device,
            decoder_reason=received.device_reason[:500] if received.device_reason else None,
            ring_kb=received.ring_bytes // 1024,
            ring_s=received.ring_s,
            bitrate_kbps=round(received.bitrate_bps / 1000, 1),
            width_px=received.width or None,
            height_px=received.height or None,
            sight=self.seat.watch.sight,
            alarms_24h=self.alarms.count(now_s),
            alarms_per_hour=self.alarms.per_hour(now_s),
            muted=self.seat.watch.muted_by,
            held=self.seat.watch.held_back,
            reason=None if received.connected else received.failure,
            error=redact(error)[:500] if error else None,
        )


class NodePulse:
    """The node's own part of the message."""

    def __init__(self, boot_id: str, data_dir: Path) -> None:
        self._boot_id = boot_id
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only sets the mark
        self._started_s = time.monotonic()
        self.models: dict[str, ModelHealth] = {}  # by sense, as they are loaded

    def message(self, outbox: Depth, courier: Link, cameras: Iterable[tuple[str, CameraHealth]]) -> Health:
        return Health(
            at=datetime.now(UTC),
            boot_id=self._boot_id,
            version=version(),
            uptime_s=round(time.monotonic() - self._started_s, 1),
            cpu=round(self._process.cpu_percent() / 100, 3),
            cores=psutil.cpu_count() or 0,
            memory_mb=round(self._process.memory_info().rss / MB, 1),
            disk_free_mb=round(shutil.disk_usage(self._data_dir).free / MB, 1),
            outbox=outbox.health(),
            link=courier.health(),
            models=dict(self.models),
            cameras=dict(cameras),
        )


def vitals_of(received: ReceiverHealth, now_s: float) -> Vitals:
    """Return what the rules are told of the connection."""
    ahead_ms = received.clock_offset_ms if received.clock == "rtcp" else None
    return Vitals(
        at_s=now_s,
        connected=received.connected,
        sessions=received.session,
        received=received.received,
        decoded=received.decoded,
        damaged=received.decode_errors + sum(received.dropped.values()),
        silent_s=received.last_packet_age_s,
        clock_ahead_s=None if ahead_ms is None else ahead_ms / 1000,
    )


def silent_s(received: ReceiverHealth, since_start_s: float) -> float:
    """Return for how long the camera has shown nothing that can be seen.

    No packets is silence at once; packets without pictures (garbage, a codec that cannot be decoded) become silence
    after a while, unless nobody wants pictures because the camera sleeps.
    """
    packets_s = since_start_s if received.last_packet_age_s is None else received.last_packet_age_s
    if received.mode == "asleep":
        return packets_s
    pictures_s = since_start_s if received.last_frame_age_s is None else received.last_frame_age_s
    return max(packets_s, pictures_s if pictures_s > PICTURELESS_S else 0.0)


def _state(seat: Seat, received: ReceiverHealth) -> Literal["online", "offline", "starting", "refused"]:
    if received.connected:
        return "refused" if seat.failed else "online"
    return "offline" if received.failure else "starting"


def _skipped(seat: Seat, received: ReceiverHealth) -> dict[str, int]:
    own = {"not_due": seat.not_due, "replaced": seat.mailbox.replaced}
    return {name: count for name, count in {**received.skipped, **received.dropped, **own}.items() if count}


def _position(settings: CameraSettings) -> Position | None:
    place = settings.position
    return None if place is None else Position(lat=place.lat, lon=place.lon, bearing_deg=place.azimuth_deg)
