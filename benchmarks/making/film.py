"""Read a stretch of a clip into memory, and write a clip with its truth beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from benchmarks.eval.truth import SUFFIX, Truth
from common.config import ConfigError
from detectors.picture import Image
from rtsp.file_source import frames
from rtsp.simulator.encode import Encoding, encode_images

FPS: Final = 25
BY: Final = "by construction, from real footage"


def stretch(clip: Path, start_s: float, end_s: float) -> list[Image]:
    """Return the pictures of `clip` from `start_s` to `end_s` at `FPS`, repeated or left out to meet it.

    Raises `ConfigError` where the clip ends before that: what is made of half a stretch would not be what it says.
    """
    wanted = np.arange(start_s, end_s, 1 / FPS)
    found: list[Image] = []
    last_s = 0.0
    for frame in frames(clip):
        last_s = frame.time_s
        if len(found) == len(wanted):
            break
        image: Image | None = None
        while len(found) < len(wanted) and wanted[len(found)] <= frame.time_s + 1e-6:
            image = _even(frame.picture.bgr()) if image is None else image
            found.append(image)
    if len(found) < len(wanted):
        raise ConfigError(
            f"{clip}: its last picture is at {last_s:.1f} s, and {start_s:.1f} to {end_s:.1f} s are needed"
        )
    return found


def re_timed(images: list[Image], speed: float) -> list[Image]:
    """Return the same pictures played `speed` times as fast; a negative speed plays backwards."""
    count = int(len(images) / abs(speed))
    order = images if speed > 0 else images[::-1]
    return [order[min(int(i * abs(speed)), len(order) - 1)] for i in range(count)]


def write(
    folder: Path,
    name: str,
    images: Iterable[Image],
    camera: Mapping[str, Any],
    events: list[dict[str, Any]],
    notes: str,
) -> Path:
    """Write NAME.mp4 and NAME.truth.yaml; the truth is read back strictly. Returns the clip."""
    pictures = iter(images)
    first = next(pictures)
    clip = folder / f"{name}.mp4"
    height, width = first.shape[:2]
    encode_images(_all(first, pictures), clip, Encoding(width, height, Fraction(FPS), gop=2 * FPS, threads=1))
    truth = {
        "clip": clip.name, "camera": {"id": name.replace(".", "-"), **camera}, "events": events,
        "truth_by": BY, "notes": notes,
    }  # fmt: skip
    Truth.model_validate(truth)
    text = yaml.safe_dump(truth, sort_keys=False, allow_unicode=True, width=140)
    (folder / f"{name}{SUFFIX}").write_text(text, encoding="utf-8")
    return clip


def _all(first: Image, rest: Iterable[Image]) -> Iterable[Image]:
    yield first
    yield from rest


def _even(image: Image) -> Image:
    height, width = image.shape[:2]
    return image[: height // 2 * 2, : width // 2 * 2]
