"""Forest-fire danger level I–V from the weather at 13 o'clock, as Vietnamese forest rangers compute it. Pure.

The composite index of V. G. Nesterov as adapted for Vietnam by Phạm Ngọc Hưng: P = K · Σ (t₁₃ · d₁₃) over the days
since the last real rain; t₁₃ is the air temperature (°C) and d₁₃ the saturation deficit (hPa) at 13:00, and K = 0 on
a day with at least 5 mm of rain. It supports a warning; it is never the official bulletin.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

REAL_RAIN_MM: Final = 5.0
LEVELS: Final = ("I", "II", "III", "IV", "V")
SAMPLE_LIMITS: Final = (5000.0, 10000.0, 15000.0, 20000.0)
SAMPLE_NOTE: Final = "mẫu – cần bảng tra của tỉnh"  # every province has its own table; this one only shows the form


@dataclass(frozen=True, slots=True)
class Weather:
    """One day at one place. humidity: relative, 0..1, at 13:00.   rain_mm: of the whole day."""

    temperature_c: float
    humidity: float
    rain_mm: float

    def __post_init__(self) -> None:
        if not -20 <= self.temperature_c <= 60 or not 0 <= self.humidity <= 1 or not self.rain_mm >= 0:
            raise ValueError(f"not the weather of a day in °C, 0..1 and mm: {self}")


@dataclass(frozen=True, slots=True)
class DangerTable:
    """limits: the highest index of levels I, II, III and IV, rising; V lies above."""

    limits: tuple[float, float, float, float] = SAMPLE_LIMITS
    note: str = SAMPLE_NOTE

    def __post_init__(self) -> None:
        if any(b <= a for a, b in zip((0.0, *self.limits[:-1]), self.limits, strict=True)):
            raise ValueError(f"the limits of the danger levels must rise from above 0, got {self.limits}")

    def level(self, index: float) -> str:
        """Return I–V."""
        return LEVELS[sum(index > limit for limit in self.limits)]

    def ranges(self) -> Sequence[tuple[str, float, float]]:
        """Return each level with the index above which and up to which it holds."""
        edges = (-math.inf, *self.limits, math.inf)
        return [(level, edges[n], edges[n + 1]) for n, level in enumerate(LEVELS)]


def deficit_hpa(temperature_c: float, humidity: float) -> float:
    """Return how much water vapour the air could still take up, by Magnus' formula over water."""
    saturated = 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
    return saturated * (1 - humidity)


def next_index(before: float, day: Weather) -> float:
    """Return the index of `day`, given the day before's: 0 after real rain, otherwise grown by this day's dryness."""
    if day.rain_mm >= REAL_RAIN_MM:
        return 0.0
    return before + max(0.0, day.temperature_c) * deficit_hpa(day.temperature_c, day.humidity)


def indices(days: Iterable[Weather], before: float = 0.0) -> Sequence[float]:
    """Return the index of each day in turn."""
    series = []
    for day in days:
        before = next_index(before, day)
        series.append(before)
    return series
