"""Real footage as a camera would send it: 1080p25 H.264 at 4 Mbit/s, made once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from common.media import cache_dir
from rtsp.simulator.transcode import to_h264

WIDTH: Final = 1920
HEIGHT: Final = 1080
FPS: Final = 25
BITRATE_BPS: Final = 4_000_000
GOP: Final = 50  # a key frame every two seconds


def as_camera(source: Path, name: str, progress: Callable[[float], None] = lambda share: None) -> Path:
    """Return `source` as 1080p25 H.264 at 4 Mbit/s, under `name` (which becomes the stream's)."""
    with source.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:12]
    folder = cache_dir() / "bench" / digest
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.mp4"
    if not target.exists():
        to_h264(
            source, target, width=WIDTH, height=HEIGHT, fps=FPS, bitrate_bps=BITRATE_BPS, gop=GOP, progress=progress
        )
    return target
