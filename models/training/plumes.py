"""Draw a distant smoke plume onto a view without one: wind, growth, colour, transparency and haze."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]

VISIBLE = 0.10  # opacity from which people who label still draw the box around it
SEEN_SHARE = 0.2  # of its strongest contrast: fainter parts of a plume lie outside the box that people draw
LEAST_CONTRAST = 10.0  # of 0..255, mean over the plume: a fainter one teaches the network to see what is not there


@dataclass(frozen=True, slots=True)
class Plume:
    """How one plume looks. Lengths in pixels; `lean` is drift to the right per height, may be negative."""

    height_px: float
    lean: float
    spread: float  # width at the top ÷ height
    opacity: float  # at its densest, 0..1
    colour: tuple[float, float, float]  # BGR 0..255
    haze: float  # 0..1 of the colour taken from the air behind it
    seed: int

    @classmethod
    def drawn(cls, rng: np.random.Generator, height_px: float, *, thick: bool = False) -> Plume:
        """Return a plausible plume: grey-white mostly, sometimes brown or dark; a `thick` one hides what is behind."""
        shade = rng.choice([rng.uniform(185, 250), rng.uniform(120, 185), rng.uniform(45, 110)], p=[0.55, 0.3, 0.15])
        warm = rng.uniform(-4, 14)
        return cls(
            height_px=height_px,
            lean=float(rng.normal(0, 0.9)),
            spread=float(rng.uniform(0.25, 1.1)),
            opacity=float(rng.uniform(0.7 if thick else 0.3, 1.0 if thick else 0.95)),
            colour=(shade - warm, shade, shade + warm),
            haze=float(rng.uniform(0, 0.45)),
            seed=int(rng.integers(2**31)),
        )


def opacity_of(plume: Plume, age: float = 1.0) -> tuple[Alpha, tuple[int, int]]:
    """Return ((H, W) opacity 0..1, (x, y) of the source in it) for a plume at `age` 0..1 of its growth.

    The plume is a jet that rises, leans with the wind and widens with height, its density broken up by
    noise of several octaves and thinning out upwards.
    """
    rng = np.random.default_rng(plume.seed)
    tall = max(6.0, plume.height_px * age)
    drift, wide = plume.lean * tall, max(3.0, plume.spread * tall)
    height, width = int(tall * 1.15) + 4, int(abs(drift) + 2.2 * wide) + 6
    source = (int(1.1 * wide + 3 + max(0.0, -drift)), height - 2)
    rise = ((source[1] - np.arange(height, dtype=np.float32)) / tall)[:, None].clip(0, 1.2)
    wobble = 0.12 * wide * np.interp(rise[:, 0], np.linspace(0, 1.2, 6), rng.normal(0, 1, 6))[:, None] * rise
    centre = source[0] + drift * rise**1.3 + wobble
    reach = np.maximum(1.2, 0.5 * wide * (0.12 + 0.88 * rise**0.75))
    across = (np.arange(width, dtype=np.float32)[None, :] - centre) / reach
    body = np.exp(-(across**2)) * (1 - 0.75 * rise.clip(0, 1)) * (rise < 1.15) * (1.15 - rise).clip(0, 0.25) * 4
    lumps = (0.25 + 1.1 * _noise(rng, height, width)).clip(0, 1.2)
    alpha = np.asarray(plume.opacity * body * lumps, np.float32).clip(0, 0.97)
    return cv2.GaussianBlur(alpha, (0, 0), 0.6 + 0.01 * tall).astype(np.float32), source


def _noise(rng: np.random.Generator, height: int, width: int) -> Alpha:
    total = np.zeros((height, width), np.float32)
    for octave in range(4):
        cells = 2 + 3 * 2**octave
        grid = rng.random((cells, cells), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2 ** (octave + 1)
    return total


def blend(
    picture: Image, plume: Plume, at: tuple[int, int], age: float = 1.0
) -> tuple[Image, tuple[float, float, float, float] | None]:
    """Return (a copy of `picture` with the plume's source at pixel `at`, its box x0 y0 x1 y1 in pixels).

    The box is None, and the picture untouched, where nothing of it can be seen.
    """
    alpha, source = opacity_of(plume, age)
    left, top = at[0] - source[0], at[1] - source[1]
    height, width = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(width, left + alpha.shape[1]), min(height, top + alpha.shape[0])
    if x1 - x0 < 3 or y1 - y0 < 3:
        return picture, None
    alpha = alpha[y0 - top : y1 - top, x0 - left : x1 - left]
    behind = picture[y0:y1, x0:x1].astype(np.float32)
    air = behind.reshape(-1, 3).mean(axis=0)
    shown = (1 - plume.haze) * np.array(plume.colour, np.float32) + plume.haze * air
    mixed = behind + alpha[..., None] * (shown - behind)
    contrast = np.abs(mixed - behind).mean(axis=2)
    ys, xs = np.nonzero((alpha > VISIBLE) & (contrast > max(LEAST_CONTRAST / 2, SEEN_SHARE * contrast.max())))
    if len(xs) < 12 or contrast[ys, xs].mean() < LEAST_CONTRAST:
        return picture, None
    painted = picture.copy()
    painted[y0:y1, x0:x1] = mixed.round().clip(0, 255).astype(np.uint8)
    return painted, (float(x0 + xs.min()), float(y0 + ys.min()), float(x0 + xs.max() + 1), float(y0 + ys.max() + 1))
