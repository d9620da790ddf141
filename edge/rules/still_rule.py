"""What the rules about things that lie still have in common: who stands in the way, which spots count, one alarm."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Final, TypeVar

import numpy as np
from pydantic import Field

from edge.rules.base import Finding, Look, Rule, RuleSettings, Scene, Seen, Sense
from edge.rules.cause import Cause
from edge.rules.objects import VEHICLES, there
from edge.rules.still_life import WIDTH, Mask, Spot, StillLife
from edge.tracks import Tracks

MOVERS: Final = VEHICLES | {"person", "bicycle", "dog", "cat", "train"}
MARGIN: Final = 0.1  # of a box's sides that is added: shadows and feet


class StillSettings(RuleSettings):
    zone: str | None = Field(default=None, description="a zone of this camera; empty means the whole picture")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without it before it is over")
    accept_after_s: float = Field(default=1800.0, ge=60, description="seconds after which it belongs to the scene")


S = TypeVar("S", bound=StillSettings)


class StillRule(Rule[S]):
    """A rule over lasting changes of the picture. Subclasses say which spots count."""

    sense: ClassVar[Sense] = "picture"
    proven_s: ClassVar[float] = 6.0  # before a background is this old nobody knows whether it was empty
    also: ClassVar[frozenset[Sense]] = frozenset({"objects"})

    def __init__(self, settings: S, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._life = StillLife()
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.5

    @abstractmethod
    def _counts(self, spot: Spot, look: Look) -> bool:
        """Return whether this spot is what the rule reports."""

    def update(self, look: Look) -> Iterable[Finding]:
        if look.picture is None:
            return
        height = max(48, round(WIDTH * look.picture.height / look.picture.width))
        movers = look.tracks[there(look.tracks, look.time_s)].labelled(MOVERS)
        spots = self._life.update(look.picture.gray(WIDTH, height), _taken(movers, height), look.time_s)
        found = [s for s in spots if s.learned_s >= self.proven_s and self._in_zone(s) and self._counts(s, look)]
        for spot in found:
            if look.time_s - spot.since_s >= self.settings.accept_after_s:
                self._life.accept(spot)
        if found:
            yield from self._report(found, look)
        elif not any(self._cause.names(s.number) for s in spots):  # hidden for a moment is not gone
            yield from self._cause.release(look.time_s)

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def _report(self, found: list[Spot], look: Look) -> Iterable[Finding]:
        since_s = min(spot.since_s for spot in found)
        return self._cause.hold(
            look.time_s,
            since_s=since_s,
            confidence=0.8,
            objects=[Seen(s.number, "object", _rounded(s), 0.8) for s in found],
            detail={"still_s": round(look.time_s - since_s, 1), "objects": len(found)},
        )

    def _in_zone(self, spot: Spot) -> bool:
        foot = np.array([[(spot.box[0] + spot.box[2]) / 2, spot.box[3]]])
        centre = np.array([[(spot.box[0] + spot.box[2]) / 2, (spot.box[1] + spot.box[3]) / 2]])
        return bool(self._zone.contains(foot)[0] or self._zone.contains(centre)[0])


def _taken(movers: Tracks, height: int) -> Mask:
    """Return the mask of what people and vehicles cover, with a margin."""
    mask = np.zeros((height, WIDTH), np.uint8)
    margin = MARGIN * (movers.boxes[:, 2:] - movers.boxes[:, :2])
    low = (movers.boxes[:, :2] - margin) * (WIDTH, height)
    high = (movers.boxes[:, 2:] + margin) * (WIDTH, height)
    for (x0, y0), (x1, y1) in zip(low.astype(int).clip(0), np.ceil(high).astype(int), strict=True):
        mask[y0:y1, x0:x1] = 1
    return mask


def _rounded(spot: Spot) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(v, 4) for v in spot.box)
    return (x0, y0, x1, y1)
