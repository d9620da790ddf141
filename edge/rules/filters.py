"""Which objects of a look a rule is shown at all: by size, score, direction, and whether their size is plausible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.geometry import Areas, Flags, angle_between_deg, box_sizes, heading_deg
from edge.rules.memory import TrackMemory
from edge.tracks import Tracks

PLAUSIBLE: Final = 3.0  # times larger or smaller than expected: children, stoops and steep views stay within
TURNS_AFTER: Final = 0.5  # own sizes from where its direction was last taken


class ObjectFilterSettings(BaseModel):
    """Settings that every rule over objects has."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    min_size: float = Field(
        default=0.0, ge=0, le=4, description="smallest object: side of a square as large, in picture heights"
    )
    max_size: float = Field(default=4.0, gt=0, le=4, description="largest object: measured in the same way")
    min_score: float = Field(
        default=0.0, ge=0, le=1, description="mean score of the detector below which an object does not count"
    )
    plausible_size: bool = Field(
        default=True,
        description="leave out what is three times too tall or too short for its place, once the camera knows: from "
        "its ground block, or from the traffic it has seen",
    )

    @model_validator(mode="after")
    def _sizes_in_order(self) -> ObjectFilterSettings:
        if self.min_size > self.max_size:
            raise ValueError(f"min_size {self.min_size} is larger than max_size {self.max_size}: swapped?")
        return self


class DirectionSettings(ObjectFilterSettings):
    """Settings of the rules for which it matters where an object comes from."""

    heading_deg: float | None = Field(
        default=None,
        ge=0,
        lt=360,
        description="count only what moves this way on screen, clockwise from up",
    )
    heading_tolerance_deg: float = Field(default=60.0, gt=0, le=180, description="how far off that way it may move")


class ObjectFilter:
    """Decides for one rule, and remembers of each track its mean score and its last direction."""

    def __init__(self, settings: ObjectFilterSettings, aspect: float) -> None:
        self._settings, self._aspect = settings, aspect
        self._heading = settings.heading_deg if isinstance(settings, DirectionSettings) else None
        self._memory = TrackMemory(score=0.0, looks=0.0, x=np.nan, y=0.0, heading_deg=np.nan)

    def keep(self, tracks: Tracks, time_s: float, ratios: Areas | None) -> Flags:
        """Return (N,) True for the tracks that count. `ratios`: (N,) size over what is expected; NaN unknown."""
        settings = self._settings
        size = box_sizes(tracks.boxes, self._aspect)
        keep = (size >= settings.min_size) & (size <= settings.max_size)
        if settings.min_score > 0:
            keep &= self._mean_scores(tracks, time_s) >= settings.min_score
        if settings.plausible_size and ratios is not None:
            keep &= ~((ratios > PLAUSIBLE) | (ratios < 1 / PLAUSIBLE))  # NaN is neither: unknown stays
        if self._heading is not None:
            keep &= self._goes_that_way(tracks, size, time_s)
        return np.asarray(keep, np.bool_)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._memory.forget(track_ids)

    def _mean_scores(self, tracks: Tracks, time_s: float) -> Areas:
        rows, seen = self._memory.rows(tracks.ids), tracks.seen_at(time_s)
        self._memory["score"][rows[seen]] += tracks.scores[seen]
        self._memory["looks"][rows[seen]] += 1
        return np.asarray(self._memory["score"][rows] / np.maximum(self._memory["looks"][rows], 1), np.float64)

    def _goes_that_way(self, tracks: Tracks, size: Areas, time_s: float) -> Flags:
        """Return (N,) True where the last half of its own size was moved in the wanted direction."""
        rows, memory, seen = self._memory.rows(tracks.ids), self._memory, tracks.seen_at(time_s)
        at = tracks.centres
        new = np.isnan(memory["x"][rows])
        step = at - np.stack([np.where(new, at[:, 0], memory["x"][rows]), memory["y"][rows]], axis=1)
        moved = seen & ~new & (np.hypot(step[:, 0] * self._aspect, step[:, 1]) >= TURNS_AFTER * size)
        memory["heading_deg"][rows[moved]] = heading_deg(step[moved], self._aspect)
        taken = moved | new
        memory["x"][rows[taken]], memory["y"][rows[taken]] = at[taken, 0], at[taken, 1]
        off = angle_between_deg(memory["heading_deg"][rows], self._heading or 0.0)
        return np.asarray(off <= getattr(self._settings, "heading_tolerance_deg", 180.0), np.bool_)  # NaN: not yet
