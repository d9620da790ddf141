"""Report a person who was upright, went down within a moment, and stays down.

Seen as a box that loses more than a third of its height from above while its lower edge stays, followed by something
person-like that stays low in that place. Off unless it is configured: somebody who sits down on the floor, or drops
behind a counter, looks alike. `detail` carries `down_s`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from pydantic import Field

from detectors.detections import Boxes
from edge.geometry import Areas, Flags
from edge.rules.base import Finding, Look, Rule, Scene, Seen, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.tracks import Tracks

Box: TypeAlias = tuple[float, float, float, float]

UPRIGHT: Final = 1.2  # height ÷ width, as seen, from which a box is a standing person
WITHIN_S: Final = 2.0  # a fall takes less
DROP: Final = 0.35  # of the standing height that the top must lose
SHRUNK: Final = 0.7  # of the standing height that may be left
RISES: Final = 0.25  # of the standing height by which the feet may rise: further, they walk away from the camera
STANDS: Final = 0.8  # of the standing height: a box this high is somebody on his feet
LOW_SCORE: Final = 0.1  # detectors know lying people badly
PRESENT: Final = 0.5  # of the looks at which somebody low must be seen in the place
ASIDE: Final = 0.8  # of the standing height by which a fall may lead aside
LEFT_OVER: Final = 0.2  # of the standing box's area that is at least left
STILL_THERE_S: Final = 0.6  # who leaves the picture at its lower border is gone by then
SMALLEST: Final = 0.2  # of the picture's height: below, a box's shape says nothing


class FallSettings(ZoneRuleSettings):
    kind: Literal["fall"] = Field(description="reports people who fall and stay down")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels can fall")
    down_s: float = Field(default=2.0, gt=0, le=600, description="seconds down before it is reported")
    gone_s: float = Field(default=10.0, ge=0, le=3600, description="seconds after which a fall is over")


@dataclass(slots=True)
class _Down:
    """Somebody who went down: where, when, and how often somebody low has been seen there since."""

    track: int
    box: Box
    height: float  # when upright
    since_s: float
    seen_s: float  # when somebody low was last seen there
    looks: int = 0
    low: int = 0


class Fall(Rule[FallSettings]):
    kind = "fall"
    Settings = FallSettings
    says = ("Có người ngã", "Somebody has fallen")

    def __init__(self, settings: FallSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._past: dict[int, deque[tuple[float, Box]]] = {}
        self._down: list[_Down] = []
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        self._notice(look)
        for down in list(self._down):
            yield from self._follow(down, look)
        yield from self._cause.release(look.time_s)

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        for track in track_ids:
            self._past.pop(track, None)

    def _notice(self, look: Look) -> None:
        """Look for people who stood a moment ago and of whom only something low is left."""
        people = look.tracks[look.tracks.seen_at(look.time_s)].labelled(self.settings.labels)
        for i in np.flatnonzero(self._zone.contains(people.feet)):
            self._past.setdefault(int(people.ids[i]), deque()).append((look.time_s, _plain(people.boxes[i])))
        low = self._low(look, people)
        for track, past in list(self._past.items()):
            while past and past[0][0] < look.time_s - WITHIN_S:
                past.popleft()
            if not past:
                del self._past[track]
            elif not any(d.track == track for d in self._down):
                self._collapse(track, past, low.get(track, low[-1]), look.time_s)

    def _low(self, look: Look, people: Tracks) -> dict[int, Boxes]:
        """Return the boxes that may be somebody fallen: each track's own, and under -1 those that are nobody else's."""
        found = look.detections[look.detections.scores >= LOW_SCORE].labelled(self.settings.labels)
        taken = np.array([_iou(box, people.boxes).max(initial=0.0) > 0.5 for box in found.boxes], np.bool_)
        own = {int(track): people.boxes[i : i + 1] for i, track in enumerate(people.ids)}
        return {-1: found.boxes[~taken] if len(found) else found.boxes, **own}

    def _collapse(self, track: int, past: deque[tuple[float, Box]], boxes: Boxes, time_s: float) -> None:
        for box in boxes:
            height = self._fell_from(past, _plain(box))
            if height:
                self._down.append(_Down(track, _plain(box), height, time_s, time_s))
                return

    def _fell_from(self, past: deque[tuple[float, Box]], now: Box) -> float:
        """Return the standing height from which the box has collapsed, or 0."""
        _, before = max(past, key=lambda item: item[1][3] - item[1][1])
        height, width = before[3] - before[1], (before[2] - before[0]) * self.scene.aspect
        if height < SMALLEST or height < UPRIGHT * width:
            return 0.0
        dropped = now[1] - before[1] >= DROP * height and now[3] - now[1] <= SHRUNK * height
        stays = now[3] >= before[3] - RISES * height
        aside = abs(now[0] + now[2] - before[0] - before[2]) / 2 * self.scene.aspect <= ASIDE * height
        big = (now[3] - now[1]) * (now[2] - now[0]) >= LEFT_OVER * height * (before[2] - before[0])
        return height if dropped and stays and aside and big else 0.0

    def _follow(self, down: _Down, look: Look) -> Iterable[Finding]:
        """See whether he stays down; let go of who is up again or no longer seen."""
        people = look.detections[look.detections.scores >= LOW_SCORE].labelled(self.settings.labels)
        near = _near(people.boxes, down.box, down.height, self.scene.aspect)
        heights = people.boxes[:, 3] - people.boxes[:, 1]
        down.looks += 1
        if (near & (heights < STANDS * down.height)).any():
            down.low += 1
            down.seen_s = look.time_s
        up = bool((near & (heights >= STANDS * down.height) & (people.scores >= 0.4)).any())
        lasted_s = look.time_s - down.since_s
        seen = down.low >= PRESENT * down.looks and look.time_s - down.seen_s <= STILL_THERE_S
        if up or (lasted_s > WITHIN_S and not seen) or lasted_s > self.settings.gone_s:
            self._down.remove(down)
        elif lasted_s >= self.settings.down_s and seen:
            yield from self._cause.hold(
                look.time_s,
                since_s=down.since_s,
                confidence=0.6,
                objects=(Seen(down.track, "person", down.box, 0.6),),
                detail={"down_s": round(lasted_s, 1)},
            )


def _near(boxes: Boxes, box: Box, height: float, aspect: float) -> Flags:
    """Return (N,) True where the middle of a box is within a standing height of the middle of `box`."""
    middle = np.array([(box[0] + box[2]) / 2 * aspect, (box[1] + box[3]) / 2])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 * np.array([aspect, 1.0])
    return np.asarray(np.hypot(*(middles - middle).T) <= height, np.bool_)


def _plain(box: Boxes) -> Box:
    x0, y0, x1, y1 = (round(float(v), 4) for v in box)
    return (x0, y0, x1, y1)


def _iou(box: Boxes, boxes: Boxes) -> Areas:
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + np.prod(box[2:] - box[:2])
    return np.asarray(both / np.maximum(areas - both, 1e-12), np.float64)
