"""Disturb a training crop as cameras, air and encoders do."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def disturbed(pixels: Image, rng: np.random.Generator, grey: float = 0.0) -> Image:
    """Return `pixels` in another light, haze and sharpness, sometimes grey (infrared), sometimes compressed."""
    gain, bias = rng.uniform(0.65, 1.4), rng.uniform(-25, 25)
    out: Any = pixels.astype(np.float32) * (gain * rng.normal(1, 0.06, 3)) + bias
    if rng.random() < 0.4:
        out = _curved(out, float(np.exp(rng.normal(0, 0.35))))
    if rng.random() < 0.25:
        out = _hazy(out, rng)
    out = out.clip(0, 255).astype(np.uint8)
    if rng.random() < grey:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR)
    if rng.random() < 0.15:
        out = (out + rng.normal(0, rng.uniform(2, 10), out.shape)).clip(0, 255).astype(np.uint8)
    return np.asarray(out, np.uint8)


def _curved(pixels: Any, gamma: float) -> Any:
    return 255 * (pixels.clip(0, 255) / 255) ** gamma


def _hazy(pixels: Any, rng: np.random.Generator) -> Any:
    """Mix in the colour of the air, most of it where the land is farthest: in the upper half."""
    thick = rng.uniform(0.1, 0.5)
    fall = np.linspace(1, rng.uniform(0.2, 1), len(pixels), dtype=np.float32)[:, None, None]
    return pixels + thick * fall * (rng.uniform(130, 235) * rng.normal(1, 0.04, 3) - pixels)
