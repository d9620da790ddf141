"""One fire as it is being told: its candidates, how far it has come, and how urgent that makes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.rules.base import Finding, Severity
from edge.smoke.tube import Tube

Stage: TypeAlias = Literal["suspected", "confirmed"]
Region: TypeAlias = tuple[float, float, float, float]  # x0 y0 x1 y1, each 0..1

LEVELS: Final[tuple[Severity, ...]] = ("info", "low", "medium", "high", "critical")
SUSPECTED: Final[Severity] = "low"  # something to keep an eye on, nobody is sent
LARGE: Final = 0.02  # of the picture: a plume of about 1/5 by 1/10, far beyond a fire that one crew puts out
SURE: Final = 3.0  # evidence beyond what is needed: at least two more clear looks
GREW: Final = 1.5  # times the size that was told last: worth an update
UPDATE_S: Final = 120.0  # between two updates of a fire that only goes on
MOST_TUBES: Final = 32  # candidates kept as parts of one fire; the longest unseen goes first


@dataclass(slots=True, eq=False)
class Fire:
    """What one rule tells of one fire."""

    key: str
    pose: str | None
    told: Finding
    stage: Stage
    area: float  # when it was told last
    tubes: list[Tube] = field(default_factory=list)
    flame: bool = False
    blind_s: float = -np.inf  # when the view could last not be judged

    @property
    def seen_s(self) -> float:
        return max(tube.last.time_s for tube in self.tubes)

    @property
    def main(self) -> Tube:
        """The candidate that is or was surest."""
        return max(self.tubes, key=lambda tube: tube.peak)

    @property
    def box(self) -> Region:
        """The box around the latest sighting of each part that is still seen."""
        latest = [tube.last.box for tube in self.tubes if tube.missed_looks == 0] or [self.main.last.box]
        (x0, y0), (x1, y1) = np.min(latest, axis=0)[:2], np.max(latest, axis=0)[2:]
        return float(x0), float(y0), float(x1), float(y1)

    def add(self, tube: Tube) -> None:
        tube.reported = True
        self.tubes.append(tube)
        if len(self.tubes) > MOST_TUBES:
            oldest = min(self.tubes, key=lambda one: one.last.time_s)
            oldest.reported = False
            self.tubes.remove(oldest)

    def distance(self, box: npt.NDArray[np.float32]) -> float:
        """Return how far `box` is from the nearest place where a part of it began or is, in shares of the picture."""
        places = [place for tube in self.tubes for place in (tube.born.box, tube.last.box)]
        return min(gap(place, box) for place in places)

    def is_over(self, time_s: float, gone_s: float) -> bool:
        """Return whether it has not been seen for `gone_s`, not counting the time in which nothing could be seen."""
        return time_s - max(self.seen_s, self.blind_s) > gone_s

    def is_news(self, time_s: float, severity: Severity) -> bool:
        since_s = time_s - self.told.time_s
        grew = area_of(self.box) >= GREW * self.area or severity != self.told.severity
        return since_s > 0 and (grew or (since_s >= UPDATE_S and time_s == self.seen_s))

    def reasons(self, needed: float) -> list[str]:
        """Return why it is more urgent than at its confirmation, one word each."""
        said = {
            "certain": self.main.peak >= needed + SURE,
            "large": max(self.area, area_of(self.box)) >= LARGE,
            "flame": self.flame,
        }
        return [word for word, holds in said.items() if holds]

    def severity(self, at_first: Severity, needed: float) -> Severity:
        """Return `SUSPECTED` until confirmed, then `at_first` and one level up for each reason; never down."""
        told = LEVELS.index(self.told.severity)
        if self.stage == "suspected":
            return LEVELS[max(told, LEVELS.index(SUSPECTED))]
        level = LEVELS.index(at_first) + len(self.reasons(needed))
        return LEVELS[max(min(level, len(LEVELS) - 1), told)]


def area_of(box: Region) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def gap(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Return the distance between two boxes, 0 when they touch, in shares of the picture."""
    apart = np.maximum(0, np.maximum(a[:2] - b[2:], b[:2] - a[2:]))
    return float(np.hypot(*apart))
