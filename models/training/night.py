"""Make a night of a view by day: darkness, lamps that are no fire, and flames in the distance."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.training.pictures import Labelled
from models.training.recipe import LABELS

Image = npt.NDArray[np.uint8]
FLAME = LABELS.index("flame")
GLOWS = ((255, 255, 255), (190, 230, 255), (90, 170, 255), (40, 40, 255), (60, 255, 80), (255, 120, 60))  # BGR
MOST_LAMPS = 9
LEAST_RED = 0.25  # of a flame's box: an overexposed flame cannot be told from what stands behind it
LEAST_FLAME_PX, LEAST_LIGHT = 5, 60.0  # what is smaller or fainter cannot be told from a lamp


def night(view: Labelled, flames: list[Labelled], rng: np.random.Generator) -> Labelled:
    """Return `view` by night with some lamps and, more often than not, one of `flames` far away."""
    pixels: Any = darkened(view.pixels, rng)
    for _ in range(int(rng.integers(0, MOST_LAMPS))):
        pixels = _with_light(pixels, *_lamp(view.pixels.shape, rng))
    out = Labelled(view.name, view.camera, pixels, view.boxes[:0], view.classes[:0])
    return _with_flame(out, flames[int(rng.integers(len(flames)))], rng) if flames and rng.random() < 0.6 else out


def dusky(item: Labelled, rng: np.random.Generator) -> Labelled:
    """Return a near picture with everything dark but what is bright, as a camera set to its flames shows it."""
    table = (255 * np.linspace(0, 1, 256) ** rng.uniform(1.5, 3.5)).astype(np.uint8)
    return Labelled(item.name, item.camera, np.asarray(table[item.pixels], np.uint8), item.boxes, item.classes)


def darkened(pixels: Image, rng: np.random.Generator) -> Image:
    """Return the picture as a camera sees it after sunset: dark, almost without colour, noisy."""
    grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    mixed = cv2.addWeighted(pixels, 0.35, grey, 0.65, 0).astype(np.float32)
    dark = mixed * rng.uniform(0.04, 0.4) * rng.normal(1, 0.1, 3) + rng.uniform(0, 18)
    return np.asarray((dark + rng.normal(0, rng.uniform(1, 6), pixels.shape)).clip(0, 255), np.uint8)


def flames_of(near: list[Labelled]) -> list[Labelled]:
    """Return each flame of near pictures by itself, without what stands around it."""
    cut = []
    for item in near:
        for box in item.boxes[item.classes == FLAME].astype(int):
            pixels = item.pixels[box[1] : box[3], box[0] : box[2]]
            if min(pixels.shape[:2]) >= 24 and (_redness(pixels) > 0.5).mean() > LEAST_RED:
                cut.append(Labelled(item.name, item.camera, pixels, item.boxes[:0], item.classes[:0]))
    return cut


def _lamp(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[npt.NDArray[np.float32], tuple[int, int]]:
    """Return (its light, BGR, at the centre of a square; where that square's upper left goes)."""
    radius = float(np.exp(rng.uniform(np.log(1), np.log(shape[1] / 40))))
    reach = int(4 * radius) + 2
    axis = np.arange(-reach, reach + 1, dtype=np.float32)
    far = np.hypot(axis[:, None] * rng.uniform(0.8, 1.3), axis[None])
    core = (1.5 - far / radius).clip(0, 1)[..., None] * 255
    halo = (np.exp(-far / radius) * rng.uniform(0.3, 1))[..., None] * np.array(GLOWS[int(rng.integers(len(GLOWS)))])
    at = (int(rng.uniform(0, 1) * shape[1]) - reach, int(rng.uniform(0.3, 1) * shape[0]) - reach)
    return np.asarray(core * rng.uniform(0.4, 1) + halo, np.float32), at


def _with_flame(view: Labelled, flame: Labelled, rng: np.random.Generator) -> Labelled:
    height, width = view.pixels.shape[:2]
    tall = max(LEAST_FLAME_PX, width * float(np.exp(rng.uniform(np.log(0.012), np.log(0.2)))))
    shape = (max(LEAST_FLAME_PX, int(tall * flame.pixels.shape[1] / flame.pixels.shape[0])), int(tall))
    small = cv2.resize(flame.pixels, shape, interpolation=cv2.INTER_AREA).astype(np.float32)
    light = (
        small * cv2.morphologyEx(_redness(small), cv2.MORPH_CLOSE, np.ones((5, 5)))[..., None]
    )  # its white core stays
    at = (int(rng.uniform(0, 0.9) * width), int(rng.uniform(0.25, 0.85) * height))
    ys, xs = np.nonzero(light[..., 2] > LEAST_LIGHT)
    if len(xs) < LEAST_FLAME_PX:
        return view
    box = np.array([[xs.min() + at[0], ys.min() + at[1], xs.max() + 1 + at[0], ys.max() + 1 + at[1]]], np.float32)
    box = box.clip(0, [width, height, width, height]).astype(np.float32)
    if np.any(box[0, 2:] - box[0, :2] < LEAST_FLAME_PX - 1):
        return view
    return Labelled(view.name, view.camera, _with_light(view.pixels, light, at), box, np.array([FLAME]))


def _redness(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return (H, W) 0..1: how much more red than blue there is; sky, smoke and white walls have none."""
    return np.asarray((pixels[..., 2].astype(np.float32) - pixels[..., 0]) / 100, np.float32).clip(0, 1)


def _with_light(pixels: Image, light: npt.NDArray[np.float32], at: tuple[int, int]) -> Image:
    """Return `pixels` with `light` added, its upper left at `at`; what lies outside is lost."""
    x0, y0 = max(0, at[0]), max(0, at[1])
    x1, y1 = min(pixels.shape[1], at[0] + light.shape[1]), min(pixels.shape[0], at[1] + light.shape[0])
    if x1 <= x0 or y1 <= y0:
        return pixels
    out = pixels.copy()
    seen = light[y0 - at[1] : y1 - at[1], x0 - at[0] : x1 - at[0]]
    out[y0:y1, x0:x1] = (out[y0:y1, x0:x1] + seen).clip(0, 255).astype(np.uint8)
    return out
