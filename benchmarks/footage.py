"""Real footage as a camera would send it: 1080p25 H.264 at 4 Mbit/s, made once and kept."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from common.media import cache_dir
from rtsp.file_source import frames
from rtsp.simulator.transcode import encode_pictures, to_h264

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


def with_quiet(source: Path, *, lead_s: float, tail_s: float, constant: bool) -> Path:
    """Return `source` at 25 fps as a camera would send it, its first picture standing before it, its last one after.

    Sensor noise (2 grey levels) lies over all of it, fresh in each picture, so that what stands still is no copy.
    `constant`: at a constant bit rate, as many bits a pixel as 1080p25 has at 4 Mbit/s; otherwise at constant quality.
    """
    with source.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:12]
    folder = cache_dir() / "bench" / digest
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.stem}-quiet-{lead_s:g}-{tail_s:g}-{'cbr' if constant else 'vbr'}.mp4"
    if not target.exists():
        pictures = _noisy(_shown(source, lead_s, tail_s))
        first = next(pictures)
        rate = BITRATE_BPS * first.shape[0] * first.shape[1] // (WIDTH * HEIGHT) if constant else None
        encode_pictures(itertools.chain([first], pictures), target, fps=FPS, gop=GOP, bitrate_bps=rate)
    return target


def _shown(source: Path, lead_s: float, tail_s: float) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield what a player shows, 25 times a second: the first picture from `lead_s` before, the last one as long."""
    count, shown = 0, None
    for frame in frames(source):
        shown = np.asarray(frame.picture.bgr(), np.uint8) if shown is None else shown
        while count < (lead_s + frame.time_s) * FPS:
            yield shown
            count += 1
        shown = np.asarray(frame.picture.bgr(), np.uint8)
    if shown is not None:
        yield from itertools.repeat(shown, round(tail_s * FPS))


def _noisy(pictures: Iterator[npt.NDArray[np.uint8]]) -> Iterator[npt.NDArray[np.uint8]]:
    rng = np.random.default_rng(11)
    fields: list[npt.NDArray[np.int16]] = []
    for number, picture in enumerate(pictures):
        if not fields:
            fields = [np.rint(rng.normal(0, 2, (*picture.shape[:2], 1))).astype(np.int16) for _ in range(7)]
        yield np.clip(picture + fields[number % 7], 0, 255).astype(np.uint8)
