"""Report people who are close together and move violently without getting anywhere (`edge.rules.struggle`).

Off unless it is configured: dancing, hugging and crowds that push look alike, and small or hidden people are not seen.
`detail` carries `violence`, in body heights per second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from detectors.detections import Boxes, Detections
from detectors.picture import Picture
from edge.geometry import Areas, Flags
from edge.rules.base import Finding, Look, Rule, Scene, Seen, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.struggle import Flows, Movement, unrest
from edge.tracking.association import overlaps
from edge.tracks import Tracks

WIDTH: Final = 320
GLANCE_S: Final = 0.1  # limbs turn round several times a second
MOST_GLANCES: Final = 10  # that one look judges: a second
SCORE: Final = 0.15  # people who fight overlap, blur and score low
CLOSE: Final = 0.5  # of the taller one's height between their boxes
ALIKE: Final = 0.4  # ratio of heights: otherwise they stand at different distances
TOGETHER_S: Final = 1.0  # two who wrestle are often seen as one: they stay a pair for so long
SMALLEST: Final = 0.15  # of the picture's height: in smaller bodies the flow is noise
STRIDE_S: Final = 1.0  # over which somebody gets somewhere; a sway comes back
SHORTEST_STRIDE_S: Final = 0.35  # a shorter track has not shown whether it gets anywhere
SAME: Final = 0.3  # intersection over union of a track and the box that it stands for
VIOLENT: Final = 80  # percentile of the window: a fight has pauses, and one wild picture is none
FIRST_S: Final = 0.9  # of the window must have been watched before anything is said


class FightSettings(ZoneRuleSettings):
    kind: Literal["fight"] = Field(description="reports people who fight")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels can fight")
    violence: float = Field(default=0.1, gt=0, le=10, description="body heights per second of violent movement")
    window_s: float = Field(default=1.5, ge=1, le=60, description="seconds that are judged together")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without violence before it is over")


class Fight(Rule[FightSettings]):
    kind = "fight"
    Settings = FightSettings
    says = ("Có ẩu đả", "People are fighting")

    def __init__(self, settings: FightSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._flows = Flows()
        self._moved: deque[tuple[float, Movement]] = deque(maxlen=MOST_GLANCES)  # since the last look
        self._strides = _Strides(scene.aspect)
        self._together_s = float("-inf")  # when two were close last
        self._past: deque[tuple[float, float]] = deque()  # time, violence of the window's looks
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return GLANCE_S

    @property
    def glances_s(self) -> float | None:
        return GLANCE_S

    def glance(self, picture: Picture, time_s: float) -> None:
        if time_s - self._together_s > TOGETHER_S:  # an empty square must not cost anything
            self._flows.clear()
            return
        height = max(48, round(WIDTH * picture.height / picture.width))
        movement = self._flows.update(picture.gray(WIDTH, height), time_s)
        if movement is not None:
            self._moved.append((time_s, movement))

    def update(self, look: Look) -> Iterable[Finding]:
        if look.picture is None:
            return
        self._strides.update(look.tracks, look.time_s)
        people = self._people(look)
        if self._close(people.boxes).any():
            self._together_s = look.time_s
        if self._flows.time_s < look.time_s:
            self.glance(look.picture, look.time_s)
        violence = self._violence(look, people)
        worst = int(np.argmax(violence)) if len(violence) else None
        objects = [] if worst is None else [_seen(people, worst)]
        yield from self._tell(self._lately(look.time_s), objects, look.time_s)

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self._strides.forget(track_ids)

    def _people(self, look: Look) -> Detections:
        people = look.detections[look.detections.scores >= SCORE].labelled(self.settings.labels)
        feet = np.stack([(people.boxes[:, 0] + people.boxes[:, 2]) / 2, people.boxes[:, 3]], axis=1).astype(np.float64)
        return people[self._zone.contains(feet)]

    def _violence(self, look: Look, people: Detections) -> Areas:
        """Note the violence of every movement since the last look; return (N,) each one's worst."""
        large = people.boxes[:, 3] - people.boxes[:, 1] >= SMALLEST
        gone = self._strides.speeds(people.boxes, look.tracks, look.time_s)
        worst = np.zeros(len(people))
        if not self._moved:
            self._past.append((look.time_s, 0.0))
        for time_s, movement in self._moved:
            violence = np.where(large, unrest(movement, people.boxes, gone), 0.0)
            self._past.append((time_s, float(violence.max(initial=0.0))))
            worst = np.maximum(worst, violence)
        self._moved.clear()
        return worst

    def _lately(self, time_s: float) -> float:
        """Return the violence of the window that ends now, or 0 while too little of it has been watched."""
        past = self._past
        while past and past[0][0] <= time_s - self.settings.window_s:
            past.popleft()
        if not past or time_s - past[0][0] < FIRST_S - 1e-6:
            return 0.0
        return float(np.percentile([value for _, value in past], VIOLENT))

    def _tell(self, violence: float, objects: list[Seen], time_s: float) -> Iterable[Finding]:
        if violence < self.settings.violence:
            yield from self._cause.release(time_s)
            return
        yield from self._cause.hold(
            time_s,
            since_s=self._past[0][0],
            confidence=0.5,
            objects=objects,
            detail={"violence": round(violence, 2)},
        )

    def _close(self, boxes: Boxes) -> Flags:
        """Return (N,) True for those who almost touch somebody at their own distance from the camera."""
        heights = boxes[:, 3] - boxes[:, 1]
        tall, small = np.maximum(heights[:, None], heights[None]), np.minimum(heights[:, None], heights[None])
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        gaps = np.maximum(low - high, 0.0) * np.array([self.scene.aspect, 1.0])
        near = (np.hypot(gaps[..., 0], gaps[..., 1]) <= CLOSE * tall) & (small >= ALIKE * tall) & (tall >= SMALLEST)
        return np.asarray((near & ~np.eye(len(boxes), dtype=np.bool_)).any(axis=1), np.bool_)


class _Strides:
    """Where each track was during the last second."""

    def __init__(self, aspect: float) -> None:
        self._unit = np.array([aspect, 1.0])
        self._past: dict[int, deque[tuple[float, float, float]]] = {}  # time, x and y in picture heights

    def update(self, tracks: Tracks, time_s: float) -> None:
        for track, (x, y) in zip(tracks.ids.tolist(), (tracks.centres * self._unit).tolist(), strict=True):
            past = self._past.setdefault(track, deque())
            past.append((time_s, x, y))
            while past[0][0] < time_s - STRIDE_S - 1e-6:
                past.popleft()

    def speeds(self, boxes: Boxes, tracks: Tracks, time_s: float) -> Areas:
        """Return (N,) body heights per second that the people in `boxes` get on; 0 where no track stands for them."""
        if not len(tracks):
            return np.zeros(len(boxes))
        overlap = overlaps(_centred(boxes), _centred(tracks.boxes))
        own = np.argmax(overlap, axis=1)
        speed = np.array([self._speed(track) for track in tracks.ids.tolist()])
        heights = np.maximum(tracks.boxes[:, 3] - tracks.boxes[:, 1], 1e-3)
        return np.where(overlap.max(axis=1) > SAME, (speed / heights)[own], 0.0)

    def forget(self, track_ids: Iterable[int]) -> None:
        for track in track_ids:
            self._past.pop(track, None)

    def _speed(self, track: int) -> float:
        (from_s, x0, y0), (to_s, x1, y1) = self._past[track][0], self._past[track][-1]
        if to_s - from_s < SHORTEST_STRIDE_S:
            return 0.0
        return float(np.hypot(x1 - x0, y1 - y0)) / (to_s - from_s)


def _centred(boxes: Boxes) -> Areas:
    """Return boxes (N, 4) as centre x, y, width, height."""
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float64)


def _seen(people: Detections, i: int) -> Seen:
    x0, y0, x1, y1 = (round(float(v), 4) for v in people.boxes[i])
    return Seen(-1, str(people.labels[i]), (x0, y0, x1, y1), round(float(people.scores[i]), 3))
