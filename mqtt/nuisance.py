"""A nuisance area on the wire: where, of which kind and at what time of day a camera's findings were false alarms."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import AwareDatetime, Field

from mqtt.wire import Count, Id, Name, Short, Wire

DAY_MIN: Final = 1440
MOST_AREAS: Final = 500
"""Of one node: a command must stay far below the largest message."""

Share: TypeAlias = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Minute: TypeAlias = Annotated[int, Field(ge=0, lt=DAY_MIN)]


class NuisanceArea(Wire):
    """What operators have called a false alarm often enough. `to_min` before `from_min` reaches over midnight (UTC)."""

    id: Id
    camera: Name
    kind: Short
    box: tuple[Share, Share, Share, Share]  # x0 y0 x1 y1
    from_min: Minute
    to_min: Minute
    expires_at: AwareDatetime
    verdicts: Count


class NuisanceAreas(Wire):
    """All that a node is to know; what it knew before is forgotten."""

    areas: tuple[NuisanceArea, ...] = Field(max_length=MOST_AREAS)


def is_within(minute: int, from_min: int, to_min: int) -> bool:
    """Return whether a minute of the day lies in a span that may reach over midnight; equal ends are the whole day."""
    if from_min == to_min:
        return True
    return (minute - from_min) % DAY_MIN <= (to_min - from_min) % DAY_MIN
