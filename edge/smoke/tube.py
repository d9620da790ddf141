"""One candidate followed from look to look: where it was, how sure the detector was, what it adds up to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.smoke.flame import Light

Box = npt.NDArray[np.float32]  # (4,) x0 y0 x1 y1, each 0..1

KEPT_SIGHTINGS: Final = 64  # an hour at one look a minute; growth and drift need no more

FLICKER: Final = 0.15  # of a box's size: how far its edges jump while nothing moves
LEAST_FLICKER: Final = 0.008  # of the picture, for the smallest plumes
ENOUGH: Final = 0.7  # of the smaller box within the other counts as full: the wind may turn a plume


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The candidate in one look. `news` as `backdrop.news_in` (None: no picture), `usual` as `Habits.usual`."""

    time_s: float
    box: Box
    score: float
    label: str
    news: float | None
    usual: float
    watched_s: float = 0.0  # for how long the view had been watched
    below: float = 0.0  # how far its foot stands below the horizon, in shares of the height; negative in the sky
    light: Light | None = None  # what shines in it, for flames
    others: int = 0  # candidates elsewhere in the same look, about as sure

    @property
    def area(self) -> float:
        """Share of the picture, 0..1."""
        return float((self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))


@dataclass(slots=True, eq=False)
class Tube:
    """A candidate's sightings, oldest first, and its evidence so far (see `evidence.py`)."""

    number: int
    sightings: deque[Sighting] = field(default_factory=lambda: deque(maxlen=KEPT_SIGHTINGS))
    first: Sighting | None = None
    evidence: float = 0.0  # summed over its looks, see `evidence.py`
    peak: float = 0.0  # of the evidence
    peak_score: float = 0.0
    seen_looks: int = 0
    missed_looks: int = 0  # in a row
    missed_total: int = 0
    reported: bool = False

    def see(self, sighting: Sighting) -> None:
        self.first = self.first or sighting
        self.sightings.append(sighting)
        self.peak_score = max(self.peak_score, sighting.score)
        self.seen_looks += 1
        self.missed_looks = 0

    def miss(self) -> None:
        self.missed_looks += 1
        self.missed_total += 1

    @property
    def last(self) -> Sighting:
        return self.sightings[-1]

    @property
    def born(self) -> Sighting:
        """The first sighting of all, also when it is no longer among those kept."""
        return self.first or self.sightings[0]

    @property
    def lasted_s(self) -> float:
        """Seconds between the first and the last sighting."""
        return self.last.time_s - self.born.time_s

    def recent(self, seconds: float) -> list[Sighting]:
        """Return the sightings of the last `seconds` up to the last one, oldest first; always at least one."""
        since_s = self.last.time_s - seconds
        return [sighting for sighting in self.sightings if sighting.time_s >= since_s]

    @property
    def growth(self) -> float:
        """Size now ÷ size at first: 1 unchanged. Medians of three where there are as many, because boxes flicker."""
        areas = [sighting.area for sighting in self.sightings]
        early = float(np.median([self.born.area, *areas[:3]]))
        return float(np.median(areas[-3:])) / max(early, 1e-6)

    @property
    def rise(self) -> float:
        """How far the top has risen above the first top, in heights of the first box; negative when it sank."""
        tops = [float(sighting.box[1]) for sighting in self.sightings]
        tall = max(1e-3, float(self.born.box[3] - self.born.box[1]))
        return (float(self.born.box[1]) - float(np.median(tops[-3:]))) / tall

    @property
    def anchored(self) -> float:
        """How well it still covers where it began, 0..1. Smoke stays on its fire; clouds, birds and cars go away."""
        return self.holds(self.last.box)

    def holds(self, box: Box) -> float:
        """Return how well `box` covers where the candidate began, 0..1.

        The share of the smaller of the two that lies within the other, widened by what boxes flicker.
        """
        first, last = self.born.box.astype(np.float64), box.astype(np.float64)
        slack = np.maximum(FLICKER * (first[2:] - first[:2]), LEAST_FLICKER)
        low, high = np.maximum(first[:2] - slack, last[:2]), np.minimum(first[2:] + slack, last[2:])
        smaller = min(float(np.prod(box[2:] - box[:2])) for box in (first, last))
        share = float(np.prod((high - low).clip(0))) / max(smaller, 1e-9)
        return min(1.0, share / ENOUGH)
