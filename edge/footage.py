"""What a camera's compressed stream can still prove: the clip before a moment, and its full-size picture."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from detectors.picture import Picture
from edge.config import CameraSettings
from rtsp.receiver import Camera

LONGEST_CLIP_S: Final = 60.0  # more than a ring holds of any camera


@dataclass(frozen=True, slots=True)
class Cut:
    """An MP4 as the camera encoded it, and the UTC of its first and last picture."""

    content: bytes
    begins_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Footage:
    """The streams evidence is taken from: a camera's main stream, whether or not it is the one that is decoded."""

    _streams: dict[str, Camera] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, camera_id: str, stream: Camera) -> None:
        """Take a camera's main stream."""
        with self._lock:
            self._streams[camera_id] = stream

    def forget(self, camera_id: str) -> None:
        """Let go of a camera."""
        with self._lock:
            self._streams.pop(camera_id, None)

    def clip(self, camera: CameraSettings, until: datetime | None, seconds: float) -> Cut | None:
        """Cut `seconds` before `until` (None: now), from the key frame before. None when nothing of it is held.

        Raises ValueError for a camera with privacy masks: what is not decoded cannot be blackened.
        """
        if camera.masks:
            raise ValueError(f"camera {camera.id!r} has privacy masks: its video does not leave the node")
        stream = self._stream(camera.id)
        if stream is None:
            return None
        with tempfile.TemporaryDirectory(prefix="ioc-clip-") as folder:
            made = stream.clip(Path(folder) / "clip.mp4", until, min(seconds, LONGEST_CLIP_S))
            if made is None:
                return None
            return Cut(made.path.read_bytes(), *(stream.utc_of(time_s) for time_s in (made.from_s, made.to_s)))

    def picture(self, camera_id: str, at: datetime | None) -> Picture | None:
        """Return the full-size picture at a moment (None: now), decoded for this; None when it is not held."""
        stream = self._stream(camera_id)
        return None if stream is None else stream.still(at)

    def newest_at(self, camera_id: str) -> datetime | None:
        """Return the UTC of the newest picture that is held."""
        stream = self._stream(camera_id)
        newest = None if stream is None else stream.ring.newest()
        return None if stream is None or newest is None else stream.utc_of(newest.time_s)

    def _stream(self, camera_id: str) -> Camera | None:
        with self._lock:
            return self._streams.get(camera_id)
