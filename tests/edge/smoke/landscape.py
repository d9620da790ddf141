"""Hills made by chance, as the province's terrain file would describe them."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from edge.terrain import Grid, Terrain

LAT, LON = 11.9, 108.4  # the south-western corner
CELL_DEG = 1 / 3600
CELLS = 720  # 22 km


@cache
def hills(seed: int, *, height_m: float = 500.0, noise_m: float = 0.0) -> Terrain:
    """Return 22 × 22 km of hills; `noise_m` makes the map wrong, as radar does."""
    ground = 1000 + height_m / 3 * sum(
        share * _rough(seed, every) for every, share in ((180, 1), (60, 0.45), (20, 0.12))
    )
    ground = ground + noise_m * _rough(seed + 10_000, 8)
    return Terrain([Grid(ground, LAT + CELLS * CELL_DEG, LON, CELL_DEG, CELL_DEG, None)])


def _rough(seed: int, every: int) -> npt.NDArray[np.float64]:
    """Return smooth chance of deviation 1, with a value drawn every so many cells."""
    drawn = np.random.default_rng(seed).normal(size=(CELLS // every + 1, CELLS // every + 1))
    smooth = cv2.resize(drawn, (CELLS, CELLS), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth / smooth.std(), np.float64)


def height(terrain: Terrain, lat: float, lon: float) -> float:
    return float(terrain.at(np.array([lat]), np.array([lon]))[0])
