"""Since when each object has been inside a zone, forgiving the moments in which it was not seen there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from edge.geometry import Areas, Flags, Zone
from edge.rules.base import Finding
from edge.rules.cause import Cause
from edge.rules.memory import TrackMemory
from edge.rules.objects import seen_objects
from edge.tracks import Tracks

STEPS_OUT_S: Final = 1.5  # feet that jitter over the border for less than this have not left


class Dwell:
    """Remembers for each track when it came into the zone and when it was last seen inside."""

    def __init__(self, zone: Zone, steps_out_s: float = STEPS_OUT_S) -> None:
        self._zone, self._steps_out_s = zone, steps_out_s
        self._memory = TrackMemory(since_s=np.nan, inside_s=-np.inf)

    def update(self, tracks: Tracks, time_s: float) -> tuple[Flags, Areas]:
        """Return (N,) True where a track was seen inside at `time_s`, and (N,) seconds it has been there."""
        rows = self._memory.rows(tracks.ids)
        inside = tracks.seen_at(time_s) & self._zone.contains(tracks.feet)
        last_s = self._memory["inside_s"][rows]
        comes = inside & ((time_s - last_s > self._steps_out_s) | np.isnan(self._memory["since_s"][rows]))
        self._memory["since_s"][rows[comes]] = time_s
        self._memory["inside_s"][rows[inside]] = time_s
        stayed_s = np.where(inside, time_s - self._memory["since_s"][rows], 0.0)
        return inside, np.asarray(stayed_s, np.float64)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._memory.forget(track_ids)

    def __len__(self) -> int:
        return len(self._memory)


def tell_stay(
    cause: Cause, time_s: float, tracks: Tracks, long_enough: Flags, there: Flags, stayed_s: Areas, *, counted: str
) -> Iterable[Finding]:
    """Report those of the (N,) `tracks` that stayed `long_enough`; once it is reported, all that are still `there`."""
    if not (long_enough.any() or (cause.is_open and there.any())):
        yield from cause.release(time_s)
        return
    which = long_enough if long_enough.any() else there
    yield from cause.hold(
        time_s,
        since_s=time_s - float(stayed_s[which].max()),
        confidence=float(tracks.scores[which].max()),
        objects=seen_objects(tracks, which),
        detail={counted: int(np.count_nonzero(which))},
    )
