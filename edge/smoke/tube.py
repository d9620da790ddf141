"""One candidate followed from look to look: where it was, how sure the detector was, what it adds up to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Box = npt.NDArray[np.float32]  # (4,) x0 y0 x1 y1, each 0..1

KEPT_SIGHTINGS: Final = 64  # an hour at one look a minute; growth and drift need no more


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """The candidate in one look. `news` as `backdrop.news_in` (None: not known yet), `usual` as `Habits.usual`."""

    time_s: float
    box: Box
    score: float
    label: str
    news: float | None
    usual: float

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
    evidence: float = 0.0
    peak: float = 0.0  # of the evidence
    seen_looks: int = 0
    missed_looks: int = 0  # in a row
    reported: bool = False

    def see(self, sighting: Sighting) -> None:
        self.first = self.first or sighting
        self.sightings.append(sighting)
        self.seen_looks += 1
        self.missed_looks = 0

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

    @property
    def score(self) -> float:
        """Mean score of the three last sightings."""
        return float(np.mean([sighting.score for sighting in list(self.sightings)[-3:]]))

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
    def is_anchored(self) -> bool:
        """Does it still touch where it began? Smoke stays on its fire; clouds, birds and cars go away from there."""
        width, height = self.born.box[2:] - self.born.box[:2]
        x0, y0, x1, y1 = self.born.box + np.array([-width, -height, width, height]) / 2
        a0, b0, a1, b1 = self.last.box
        return bool(a0 < x1 and a1 > x0 and b0 < y1 and b1 > y0)
