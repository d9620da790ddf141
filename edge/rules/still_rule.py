"""What the rules about things that lie still have in common: who stands in the way, which spots count, one alarm."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Final, TypeVar

import numpy as np
from pydantic import Field

from detectors.detections import Boxes
from edge.rules.base import Finding, Look, Rule, RuleSettings, Scene, Seen, Sense
from edge.rules.cause import Cause
from edge.rules.objects import VEHICLES, there
from edge.rules.still_life import WIDTH, Mask, Spot, StillLife
from edge.tracks import Tracks

MOVERS: Final = VEHICLES | {"person", "bicycle", "dog", "cat", "train"}
REMEMBERS_S, EVERY_S = 120.0, 1.0
MOST_MOVERS: Final = 200  # at one moment
SAME_OUTLINE: Final = 0.4  # overlap (IoU): what somebody carries is far smaller than he is
GHOST_S: Final = 4.0  # somebody who passes has left his place by then
BESIDE: Final = 0.5  # of a box's sides: as far as its shadow and its doors reach
MARGIN: Final = 0.1  # of a box's sides that is added: shadows and feet


class Outlines:
    """Where people and vehicles were seen lately: one that the detector loses, or its ghost, has the same outline."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, Boxes]] = deque(maxlen=int(REMEMBERS_S / EVERY_S))

    def note(self, movers: Tracks, time_s: float) -> None:
        """Take in where they are now, every few seconds."""
        if len(movers) and (not self._seen or time_s - self._seen[-1][0] >= EVERY_S):
            self._seen.append((time_s, movers.boxes[:MOST_MOVERS]))
        while self._seen and time_s - self._seen[0][0] > REMEMBERS_S:
            self._seen.popleft()

    def fits(self, box: tuple[float, float, float, float]) -> bool:
        """Return whether one of them filled just this box."""
        if not self._seen:
            return False
        boxes = np.concatenate([boxes for _, boxes in self._seen])
        sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
        both = np.prod(np.maximum(sides, 0), axis=1)
        own = (box[2] - box[0]) * (box[3] - box[1])
        either = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + own - both
        return bool(np.any(both >= SAME_OUTLINE * np.maximum(either, 1e-9)))


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
        self._outlines = Outlines()
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
        self._outlines.note(movers, look.time_s)
        for spot in spots:
            spot.is_mover = spot.is_mover or self._outlines.fits(spot.box)
        self._settle(spots, look.time_s)
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

    def _settle(self, spots: list[Spot], time_s: float) -> None:
        """Take what a young background got wrong (who passed while it was learned left a ghost) as the usual look.

        It is never reported, and would hide what is put down there later.
        """
        for spot in list(spots):
            if spot.learned_s < self.proven_s and time_s - spot.since_s >= GHOST_S:
                self._life.accept(spot)

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


def beside(spot: Spot, movers: Tracks) -> bool:
    """Return whether one of them is right beside it."""
    reach = BESIDE * (movers.boxes[:, 2:] - movers.boxes[:, :2])
    low, high = movers.boxes[:, :2] - reach, movers.boxes[:, 2:] + reach
    x0, y0, x1, y1 = spot.box
    return bool(np.any((low[:, 0] < x1) & (high[:, 0] > x0) & (low[:, 1] < y1) & (high[:, 1] > y0)))


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
