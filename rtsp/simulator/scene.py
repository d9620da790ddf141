"""Draw a scene, for where no real footage can be had; every picture says that it is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from rtsp.picture import Image
from rtsp.simulator.encode import Encoding, encode
from rtsp.simulator.nal import Codec

CAPTION = "CẢNH DỰNG – GENERATED"  # OpenCV writes Vietnamese letters from version 5 on


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
    """Write a clip of a `road`, a `square` or a `forest` (anything else: a road) and return its path.

    Its end meets its beginning. `gop` is pictures between key frames, two seconds' worth unless given.
    """
    rate = Fraction(fps).limit_denominator(1001)
    count = max(1, round(seconds * fps))
    encoding = Encoding(width, height, rate, codec, gop=gop or max(1, round(2 * fps)), threads=1)
    encode(_pictures(kind, width, height, count), path, encoding)
    return path


def _pictures(kind: str, width: int, height: int, count: int) -> Iterator[av.VideoFrame]:
    ground, action = _SCENES.get(kind, _SCENES["road"])
    background = _sky(width, height)
    ground(background)
    _caption(background)
    for number in range(count):
        picture = background.copy()
        action(picture, number / count)
        yield av.VideoFrame.from_ndarray(picture, format="bgr24")


def _sky(width: int, height: int) -> Image:
    """A grey gradient with a little grain, so that it does not compress to nothing."""
    rows = np.linspace(200, 90, height, dtype=np.float32)[:, None, None]
    grain = np.random.default_rng(7).normal(0, 4, (height, width, 1)).astype(np.float32)
    tint = np.array([20, 5, -15], np.float32)
    picture: Image = np.clip(rows + grain + tint, 0, 255).astype(np.uint8)
    return picture


def _road(picture: Image) -> None:
    height, width = picture.shape[:2]
    cv2.rectangle(picture, (0, int(0.55 * height)), (width, int(0.85 * height)), (80, 80, 80), -1)
    for x in range(0, width, max(8, width // 12)):
        end = (x + max(4, width // 30), int(0.71 * height))
        cv2.rectangle(picture, (x, int(0.69 * height)), end, (230, 230, 230), -1)


def _square(picture: Image) -> None:
    height, width = picture.shape[:2]
    cv2.rectangle(picture, (0, int(0.40 * height)), (width, height), (150, 165, 175), -1)
    for x in range(-width, 2 * width, max(8, width // 8)):
        cv2.line(picture, (x, height), (width // 2 + (x - width // 2) // 3, int(0.40 * height)), (130, 145, 155), 1)


def _forest(picture: Image) -> None:
    height, width = picture.shape[:2]
    rng = np.random.default_rng(11)
    for layer, green in ((0.45, (95, 120, 90)), (0.60, (60, 100, 55)), (0.78, (35, 75, 30))):
        for x in range(0, width, max(4, width // 40)):
            top = int((layer - 0.12 * rng.random()) * height)
            spread = max(6, width // 25)
            triangle = np.array([[x, top], [x - spread, height], [x + spread, height]], np.int32)
            cv2.fillPoly(picture, [triangle], green)


def _caption(picture: Image) -> None:
    """Say on a black band across the top that nothing here is real."""
    height, width = picture.shape[:2]
    band = max(12, height // 9)
    (text_width, text_height), _ = cv2.getTextSize(CAPTION, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)
    scale = min(0.55 * band / text_height, 0.9 * width / text_width)
    base = (band + round(text_height * scale)) // 2
    cv2.rectangle(picture, (0, 0), (width, band), (0, 0, 0), -1)
    cv2.putText(picture, CAPTION, (width // 40, base), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _traffic(picture: Image, phase: float) -> None:
    """Two cars and a walker, each back where it was when `phase` has gone from 0 to 1."""
    _car(picture, phase * 2 % 1.0, 0.60, (40, 40, 200))
    _car(picture, 1 - (phase + 0.3) % 1.0, 0.74, (190, 120, 30))
    _walker(picture, (phase + 0.5) % 1.0, 0.90)


def _crowd(picture: Image, phase: float) -> None:
    """Five people who cross the square, each at a distance and pace of their own."""
    for number in range(5):
        along = (phase * (1 + number % 2) + number / 5) % 1.0
        _walker(picture, 1 - along if number % 2 else along, 0.55 + 0.09 * number)


def _smoke(picture: Image, phase: float) -> None:
    """Puffs that rise from one spot, spread and fade."""
    height, width = picture.shape[:2]
    puffs = picture.copy()
    for number in range(8):
        age = (phase * 4 + number / 8) % 1.0
        x = int(width * (0.60 + 0.05 * age + 0.01 * math.sin(6.28 * (age + number))))
        y = int(height * (0.55 - 0.35 * age))
        cv2.circle(puffs, (x, y), max(2, int(width * (0.01 + 0.05 * age))), (205, 205, 205), -1)
    cv2.addWeighted(puffs, 0.6, picture, 0.4, 0, dst=picture)


def _walker(picture: Image, along: float, row: float) -> None:
    height, width = picture.shape[:2]
    x, y = int(along * width), int(row * height)
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


_SCENES: dict[str, tuple[Callable[[Image], None], Callable[[Image, float], None]]] = {
    "road": (_road, _traffic),
    "square": (_square, _crowd),
    "forest": (_forest, _smoke),
}
