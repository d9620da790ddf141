"""A fire that begins somewhere in a view: its plume grows, drifts with the wind, thickens, pauses and smoulders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.smoke_material.seen import is_seen
from benchmarks.smoke_material.stills import Image
from detectors.picture import Region
from models.training.plumes import Plume, blend

FIRST_SIZE: Final = 0.12  # of the full height: what stands above the fire when it can first be seen


@dataclass(frozen=True, slots=True)
class Fire:
    """One plume over time. Sizes in shares of the picture; times in seconds after it began."""

    plume: Plume
    at: tuple[float, float]
    grows_s: float  # after which it has two thirds of its full size
    gusts: float  # how much its lean changes from look to look
    pauses: float  # share of the looks in which it hardly smokes

    @classmethod
    def drawn(cls, rng: np.random.Generator, width_px: int, horizon: float, *, faint: bool) -> Fire:
        """Return a plausible fire on the land below the horizon, most of them far away."""
        tall = float(np.exp(rng.uniform(np.log(0.04), np.log(0.12 if faint else 0.30))))
        plume = Plume.drawn(rng, tall * width_px)
        if faint:
            plume = replace(plume, opacity=float(rng.uniform(0.25, 0.5)), haze=float(rng.uniform(0.3, 0.6)))
        below = float(rng.uniform(0.01, 0.18))
        at = (float(rng.uniform(0.06, 0.94)), min(0.95, horizon + below))
        return cls(plume, at, float(rng.uniform(240, 900)), float(rng.uniform(0.05, 0.3)), float(rng.uniform(0, 0.15)))

    def on(self, image: Image, age_s: float, rng: np.random.Generator) -> tuple[Image, Region | None]:
        """Return (`image` with the plume at `age_s`, its box, None where it cannot be seen)."""
        height, width = image.shape[:2]
        size = FIRST_SIZE + (1 - FIRST_SIZE) * (1 - float(np.exp(-age_s / self.grows_s)))
        thick = min(1.0, 0.6 + 0.4 * age_s / self.grows_s) * (0.35 if rng.random() < self.pauses else 1.0)
        now = replace(
            self.plume,
            lean=self.plume.lean + float(rng.normal(0, self.gusts)),
            opacity=self.plume.opacity * thick,
            seed=int(rng.integers(2**31)),  # a minute later nothing is left of the lumps of smoke
        )
        at = (round(self.at[0] * width), round(self.at[1] * height))
        painted, box = blend(image, now, at, size)
        if box is None:
            return painted, None
        return painted, (box[0] / width, box[1] / height, box[2] / width, box[3] / height)

    def seen_on(self, image: Image, age_s: float, rng: np.random.Generator) -> tuple[Image, Region | None]:
        """Return as `on`, but the view alone and None also where people would not see the plume."""
        painted, box = self.on(image, age_s, rng)
        return (painted, box) if box is not None and is_seen(painted, box) else (image, None)
