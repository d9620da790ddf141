"""Places that smoke without burning, and when they do: kilns at work, kitchens at dusk, fields after the harvest."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from edge.schedule import SITE_ZONE, Span, is_on


class NuisanceSettings(BaseModel):
    """One zone of a camera in which smoke is expected at some times. Nothing set means always."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zone: str = Field(description="a zone of this camera: a kiln, a chimney, a village, a dusty road")
    schedule: tuple[Span, ...] = Field(default=(), description="when it smokes: {from: '05:30', to: '08:00'}")
    months: frozenset[Annotated[int, Field(ge=1, le=12)]] = Field(default=frozenset(), description="months, 1 to 12")
    more: float | None = Field(
        default=None, gt=0, le=8, description="evidence that a fire there needs beyond the usual; empty: never told"
    )
    why: str = Field(default="", max_length=200, description="what smokes there, for people, and who said so")

    def holds(self, at: datetime | None) -> bool:
        """Return whether smoke is expected there at `at` (UTC); without a clock, only where it always is."""
        if at is None:
            return not self.schedule and not self.months
        in_season = not self.months or at.astimezone(SITE_ZONE).month in self.months
        return in_season and is_on(self.schedule, at)
