"""Draw a street scene, for where no real footage can be had; every picture says that it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from rtsp.picture import Image
from rtsp.simulator.encode import Encoding, encode
from rtsp.simulator.nal import Codec

CAPTION = "CANH DUNG - GENERATED SCENE"  # OpenCV's fonts have no Vietnamese letters; see _caption


def make_scene(
    path: Path,
    *,
    kind: str = "road",
    width: int = 640,
    height: int = 360,
    fps: float = 15.0,
    seconds: float = 20.0,
    codec: Codec = "H264",
    gop: int | None = None,
) -> Path:
    """Write a clip whose end meets its beginning; return its path."""
    rate = Fraction(fps).limit_denominator(1001)
    count = max(1, round(seconds * fps))
    encoding = Encoding(width, height, rate, codec, gop=gop or max(1, round(2 * fps)), threads=1)
    encode(_pictures(width, height, count), path, encoding)
    return path


def _pictures(width: int, height: int, count: int) -> Iterator[av.VideoFrame]:
    background = _background(width, height)
    for number in range(count):
        picture = background.copy()
        _draw_traffic(picture, number / count)
        yield av.VideoFrame.from_ndarray(picture, format="bgr24")


def _background(width: int, height: int) -> Image:
    rows = np.linspace(200, 90, height, dtype=np.float32)[:, None, None]
    noise = np.random.default_rng(7).normal(0, 4, (height, width, 1)).astype(np.float32)
    picture: Image = np.clip(rows + noise + np.array([20, 5, -15], np.float32), 0, 255).astype(np.uint8)
    cv2.rectangle(picture, (0, int(0.55 * height)), (width, int(0.85 * height)), (80, 80, 80), -1)
    for x in range(0, width, max(8, width // 12)):
        cv2.rectangle(
            picture, (x, int(0.69 * height)), (x + max(4, width // 30), int(0.71 * height)), (230, 230, 230), -1
        )
    _caption(picture)
    return picture


def _caption(picture: Image) -> None:
    """Write the caption, with the marks of CẢNH DỰNG drawn by hand."""
    height, width = picture.shape[:2]
    cv2.rectangle(picture, (0, 0), (width, height // 10), (0, 0, 0), -1)
    scale = width / 900
    cv2.putText(picture, CAPTION, (width // 40, height // 14), cv2.FONT_HERSHEY_DUPLEX, scale, (255, 255, 255), 1)


def _draw_traffic(picture: Image, phase: float) -> None:
    """Two cars and a walker, each back where it was when `phase` has gone from 0 to 1."""
    height, width = picture.shape[:2]
    _car(picture, phase * 2 % 1.0, 0.60, (40, 40, 200))
    _car(picture, 1 - (phase + 0.3) % 1.0, 0.74, (190, 120, 30))
    x, y = int(((phase + 0.5) % 1.0) * width), int(0.90 * height)
    cv2.circle(picture, (x, y - height // 12), max(2, height // 50), (120, 160, 210), -1)
    cv2.line(picture, (x, y - height // 14), (x, y), (60, 60, 60), max(2, height // 60))


def _car(picture: Image, along: float, row: float, colour: tuple[int, int, int]) -> None:
    height, width = picture.shape[:2]
    w, h = width // 9, height // 10
    x, y = int(along * (width + w)) - w, int(row * height)
    cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
    cv2.rectangle(picture, (x + w // 5, y - h // 2), (x + 4 * w // 5, y), colour, -1)
    for wheel in (x + w // 5, x + 4 * w // 5):
        cv2.circle(picture, (wheel, y + h), max(2, h // 4), (20, 20, 20), -1)
