"""What a camera's connection tells the operator and the installer about itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from rtsp.frame import Clock
from rtsp.governor import Mode
from rtsp.sizes import Trust


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera at one moment. Counters run from the start of the camera, not of the session."""

    camera_id: str
    connected: bool
    session: int
    failure: str | None  # reason of the last failure: refused, unauthorised, timeout, … (see rtsp.errors)
    failure_text: str | None
    retries: int
    codec: str
    width: int
    height: int
    fps_in: float
    bitrate_bps: float
    key_every_s: float
    received: int
    decoded: int
    delivered: int
    skipped: Mapping[str, int]  # packets and pictures that were not looked at, by reason
    dropped: Mapping[str, int]  # packets refused for their times, by reason
    decode_errors: int
    device: str  # that decoded last: software, vaapi, cuda
    device_reason: str | None  # why it is not the configured one
    mode: Mode
    mode_reason: str
    looks_per_s: float
    woken: Mapping[str, int]  # how often it was woken from sleep, by what
    sizes_tell: Trust  # whether its packet sizes tell of movement
    clock: Clock
    clock_offset_ms: float | None  # camera's clock minus ours; None when the camera does not tell
    last_packet_age_s: float | None
    last_frame_age_s: float | None
    ring_bytes: int
    ring_s: float


class Meter:
    """Rates over the last seconds of packets, with a fixed amount of memory."""

    def __init__(self, keep: int = 100) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=keep)
        self._bytes = 0
        self._keys: deque[float] = deque(maxlen=5)

    def add(self, time_s: float, size_bytes: int, is_key: bool) -> None:
        """Note one packet."""
        if len(self._seen) == self._seen.maxlen:
            self._bytes -= self._seen[0][1]
        self._seen.append((time_s, size_bytes))
        self._bytes += size_bytes
        if is_key:
            self._keys.append(time_s)

    @property
    def fps(self) -> float:
        span_s = self.span_s
        return (len(self._seen) - 1) / span_s if span_s > 0 else 0.0

    @property
    def bitrate_bps(self) -> float:
        span_s = self.span_s
        return 8 * self._bytes / span_s if span_s > 0 else 0.0

    @property
    def key_every_s(self) -> float:
        """Seconds between key frames; 0 until two have come."""
        return (self._keys[-1] - self._keys[0]) / (len(self._keys) - 1) if len(self._keys) > 1 else 0.0

    @property
    def span_s(self) -> float:
        return self._seen[-1][0] - self._seen[0][0] if len(self._seen) > 1 else 0.0
