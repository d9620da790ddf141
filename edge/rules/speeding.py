"""Report vehicles that drive faster than allowed: an estimate with its error, never evidence for a fine.

Needs the camera's `ground:` block (`ioc camera calibrate`). A vehicle is reported when its speed is over the limit with
the confidence `sure`: the error of the calibration and the jitter of the boxes make the margin, so a coarse
calibration reports only gross speeding. One alarm for what speeds together; `detail` carries `speed_kmh` of the
fastest, `error_kmh` (one standard error), `limit_kmh` and `use`, which says that nobody can be fined on it: the camera
is no verified meter.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field
from scipy.special import ndtri

from edge.geometry import Areas, Flags
from edge.rules.base import Finding, Look, Rule, Scene, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.filters import DirectionSettings
from edge.rules.memory import TrackMemory
from edge.rules.objects import VEHICLES, seen_objects
from edge.rules.speeds import Speeds
from edge.tracks import Tracks

KMH: Final = 3.6
TWICE: Final = 2  # looks in a row: one may be a box that changed hands
USE: Final = "estimate; not evidence for a fine / ước tính, không dùng để xử phạt"


class SpeedingSettings(ZoneRuleSettings, DirectionSettings):
    kind: Literal["speeding"] = Field(description="reports vehicles over a speed limit; needs the ground block")
    labels: frozenset[str] = Field(default=VEHICLES, description="which labels count; empty means all")
    limit_kmh: float = Field(gt=0, le=300, description="speed limit in km/h")
    sure: float = Field(default=0.95, ge=0.5, lt=1, description="how sure it must be that the limit is exceeded")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without one before it is over")


class Speeding(Rule[SpeedingSettings]):
    kind = "speeding"
    Settings = SpeedingSettings
    needs_ground = True
    says = ("Vượt tốc độ (ước tính)", "A vehicle drives too fast (estimate)")

    def __init__(self, settings: SpeedingSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        if scene.ground is None:
            raise ValueError("speeding needs the camera's ground block; `ioc camera calibrate` makes it")
        self._zone = scene.zone(settings.zone)
        self._speeds = Speeds(scene.ground)
        self._memory = TrackMemory(times=0.0)
        self._margin = float(ndtri(settings.sure))  # standard errors above the limit
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        tracks = look.tracks.labelled(self.settings.labels)
        tracks = tracks[self._zone.contains(tracks.feet)]
        speeds, errors = (KMH * v for v in self._speeds.update(tracks, look.time_s))
        fast = self._again(tracks, speeds - self._margin * errors > self.settings.limit_kmh)
        if not fast.any():
            yield from self._cause.release(look.time_s)
            return
        yield from self._cause.hold(
            look.time_s,
            since_s=look.time_s,
            confidence=self.settings.sure,
            objects=seen_objects(tracks, fast),
            detail=self._detail(speeds, errors, fast),
        )

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._speeds.forget(gone)
        self._memory.forget(gone)

    def _again(self, tracks: Tracks, fast: Flags) -> Flags:
        rows = self._memory.rows(tracks.ids)
        self._memory["times"][rows] = np.where(fast, self._memory["times"][rows] + 1, 0)
        return np.asarray(self._memory["times"][rows] >= TWICE, np.bool_)

    def _detail(self, speeds: Areas, errors: Areas, fast: Flags) -> dict[str, object]:
        fastest = int(np.argmax(np.where(fast, speeds, -np.inf)))
        return {
            "speed_kmh": round(float(speeds[fastest]), 1),
            "error_kmh": round(float(errors[fastest]), 1),
            "limit_kmh": self.settings.limit_kmh,
            "use": USE,
        }
