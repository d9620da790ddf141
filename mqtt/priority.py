"""Which event goes first after an outage, and which is given up first when the outbox is full."""

from __future__ import annotations

from typing import Final

from mqtt.event import Event

RANKS: Final = 6
"""0 leaves first and is given up last: fire, then people, then the rest by urgency, then information and counts."""

_BY_SEVERITY: Final = {"critical": 0, "high": 2, "medium": 3, "low": 4, "info": 5}


def rank_of(event: Event) -> int:
    """Return 0 (most important) to RANKS - 1.

    Smoke and flame come first whatever their severity; counts and mere information come last whatever their category.
    """
    if event.category == "wildfire":
        return 0
    if event.kind == "line_count" or event.data.severity == "info":
        return RANKS - 1
    if event.category == "security":
        return 1
    return _BY_SEVERITY[event.data.severity]


def is_spare(event: Event) -> bool:
    """An update repeats what a start has said: within one rank it is given up before any start or end."""
    return event.data.phase == "update"
