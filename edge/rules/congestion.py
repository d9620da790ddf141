"""Report that traffic in a zone is dense and slow, how bad it is, and when it flows again.

Density is the number of vehicles in the zone; those that stand where nobody drives are parked and no traffic. Speed is
measured in vehicle lengths per second, so nothing needs to be calibrated; with a `ground:` block it is measured in km/h
and holds for near and far alike. It starts when the zone has been dense and slow for `for_s` (longer than a red light)
and ends when either has clearly been good for half as long: a road that hovers around the threshold is one congestion.
Draw one zone for each direction. `detail` carries `level` (1 slow, 2 stop and go, 3 jam), `vehicles`, their median
speed (`lengths_per_s` or `speed_kmh`) and `lasts_s`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from edge.geometry import Areas, Flags
from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.motion import Legs
from edge.rules.objects import VEHICLES, seen_objects
from edge.rules.speeds import Speeds
from edge.rules.traffic import Traffic
from edge.rules.windows import ShareOfTime
from edge.tracks import Tracks

MOST_OF_THE_TIME: Final = 0.8
DENSE_ENOUGH_TO_STAY: Final = 0.7  # of `at_least`: below, the congestion dissolves
FAST_ENOUGH_TO_END: Final = 1.3  # of the slow speed: above, it dissolves
STOP_AND_GO, JAM = 0.5, 0.2  # of the slow speed, below which the level is 2 and 3
LEVEL_S: Final = 10.0  # a level holds for so long before it is another one
SMOOTH_S: Final = 1.0  # of the median speed: two lanes that start and stop in turn are one road


class CongestionSettings(ZoneRuleSettings):
    kind: Literal["congestion"] = Field(description="reports dense and slow traffic")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    at_least: int = Field(default=6, ge=2, le=10000, description="how many vehicles in the zone are dense")
    slow_below: float = Field(default=0.6, gt=0, le=10, description="vehicle lengths per second that are slow")
    slow_below_kmh: float = Field(default=15.0, gt=0, le=130, description="km/h that are slow, on a calibrated camera")
    for_s: float = Field(default=120.0, gt=0, le=3600, description="seconds for which it must be both")


class Congestion(Rule[CongestionSettings]):
    kind = "congestion"
    Settings = CongestionSettings
    says = ("Ùn tắc giao thông", "Traffic is congested")

    def __init__(self, settings: CongestionSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._pace = Pace(settings, scene)
        self._traffic = Traffic(scene.aspect)
        self._bad = ShareOfTime(settings.for_s)
        self._level = Level()
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.for_s / 2
        )

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        inside = self._zone.contains(tracks.feet) & self._traffic.update(tracks, look.time_s)
        share_of_slow = self._pace.update(tracks, inside, look.time_s)
        vehicles = int(np.count_nonzero(inside))
        is_bad = self._is_bad(vehicles, share_of_slow)
        share = self._bad.update(is_bad, look.time_s)
        changed = self._level.update(share_of_slow, look.time_s)
        if not is_bad or (share < MOST_OF_THE_TIME and not self._cause.is_open):
            yield from self._cause.release(look.time_s)
            return
        since_s = self._cause.since_s if self._cause.is_open else look.time_s - self.settings.for_s
        yield from self._cause.hold(
            look.time_s,
            since_s=since_s,
            confidence=min(1.0, max(share, 0.5)),
            objects=() if self._cause.is_open else seen_objects(tracks, inside),
            detail=self._detail(vehicles, look.time_s - since_s),
            is_news=changed,
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._pace.forget(gone)
        self._traffic.forget(gone)

    def _is_bad(self, vehicles: int, share_of_slow: float) -> bool:
        is_open = self._cause.is_open
        enough = self.settings.at_least * (DENSE_ENOUGH_TO_STAY if is_open else 1.0)
        return vehicles >= enough and share_of_slow < (FAST_ENOUGH_TO_END if is_open else 1.0)

    def _detail(self, vehicles: int, lasts_s: float) -> dict[str, Any]:
        return {"level": self._level.now, "vehicles": vehicles, **self._pace.fact, "lasts_s": round(lasts_s, 1)}


class Pace:
    """The median speed of the vehicles in the zone, as a share of what is slow."""

    def __init__(self, settings: CongestionSettings, scene: Scene) -> None:
        self._settings = settings
        self._legs = Legs(scene.aspect)
        self._speeds = None if scene.ground is None else Speeds(scene.ground)
        self._median: float | None = None
        self._at_s = 0.0

    @property
    def fact(self) -> dict[str, float]:
        """What an event tells of it."""
        name = "lengths_per_s" if self._speeds is None else "speed_kmh"
        return {} if self._median is None else {name: round(self._median, 2)}

    def update(self, tracks: Tracks, inside: Flags, time_s: float) -> float:
        """Return the smoothed median speed over what is slow; infinite while nothing has been measured."""
        speeds = self._measured(tracks, time_s)[inside]
        known = speeds[np.isfinite(speeds)]
        if len(known):
            median = float(np.median(known))
            weight = 1.0 if self._median is None else min(1.0, (time_s - self._at_s) / SMOOTH_S)
            self._median = median if self._median is None else self._median + weight * (median - self._median)
            self._at_s = time_s
        slow = self._settings.slow_below if self._speeds is None else self._settings.slow_below_kmh
        return np.inf if self._median is None else self._median / slow

    def forget(self, track_ids: list[int]) -> None:
        self._legs.forget(track_ids)
        if self._speeds is not None:
            self._speeds.forget(track_ids)

    def _measured(self, tracks: Tracks, time_s: float) -> Areas:
        if self._speeds is None:
            return self._legs.update(tracks, time_s).speed
        return np.asarray(3.6 * self._speeds.update(tracks, time_s)[0], np.float64)


class Level:
    """1 slow, 2 stop and go, 3 jam: another one only once it has held for some time."""

    def __init__(self) -> None:
        self.now = 1
        self._next, self._since_s = 1, 0.0

    def update(self, share_of_slow: float, time_s: float) -> bool:
        """Take in the speed over what is slow; return whether the level has changed."""
        level = 3 if share_of_slow < JAM else 2 if share_of_slow < STOP_AND_GO else 1
        if level != self._next:
            self._next, self._since_s = level, time_s
        if self._next == self.now or time_s - self._since_s < LEVEL_S:
            return False
        self.now = self._next
        return True
