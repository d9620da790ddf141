"""Report people who are close together and move violently against each other.

Read from two person boxes that almost touch, and the optical flow inside them with their common movement taken out. Off
unless it is configured: dancing, hugging and crowds that push look alike, and small or hidden people are not seen.
`detail` carries `violence`, in body heights per second.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from detectors.detections import Boxes, Detections
from detectors.picture import Gray
from edge.rules.base import Finding, Look, Rule, Scene, Seen, Severity, ZoneRuleSettings
from edge.rules.cause import Cause
from edge.rules.windows import ShareOfTime

WIDTH: Final = 320
SCORE: Final = 0.25  # people who fight overlap, blur and score low
CLOSE: Final = 0.6  # of the taller one's height between their middles
ALIKE: Final = 0.5  # ratio of heights: otherwise they stand at different distances
SMALLEST: Final = 0.2  # of the picture's height: in smaller bodies the flow is noise
LONGEST_STEP_S: Final = 0.5  # between two looks whose difference is a movement
STRONGEST: Final = 80  # percentile of the flow inside the pair


class FightSettings(ZoneRuleSettings):
    kind: Literal["fight"] = Field(description="reports people who fight")
    severity: Severity = Field(default="high", description="how urgent the operator should find it")
    labels: frozenset[str] = Field(default=frozenset({"person"}), description="which labels can fight")
    violence: float = Field(default=0.25, gt=0, le=10, description="body heights per second of movement against")
    window_s: float = Field(default=1.0, gt=0, le=60, description="seconds that are judged together")
    share: float = Field(default=0.3, gt=0, le=1, description="share of those seconds that must be violent")
    gone_s: float = Field(default=5.0, ge=0, le=3600, description="seconds without violence before it is over")


class Fight(Rule[FightSettings]):
    kind = "fight"
    Settings = FightSettings
    says = ("Có ẩu đả", "People are fighting")

    def __init__(self, settings: FightSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._before: tuple[float, Gray] | None = None
        self._violent = ShareOfTime(settings.window_s)
        self._cause = Cause(
            self.kind, settings.name, severity=settings.severity, zone=settings.zone, gone_s=settings.gone_s
        )

    @property
    def every_s(self) -> float:
        return 0.1

    def update(self, look: Look) -> Iterable[Finding]:
        if look.picture is None:
            return
        people = look.detections[look.detections.scores >= SCORE].labelled(self.settings.labels)
        feet = np.stack([(people.boxes[:, 0] + people.boxes[:, 2]) / 2, people.boxes[:, 3]], axis=1).astype(np.float64)
        people = people[self._zone.contains(feet)]
        height = max(48, round(WIDTH * look.picture.height / look.picture.width))
        pairs = self._pairs(people.boxes)
        # Only a picture with a close pair costs anything: an empty square must not.
        gray = look.picture.gray(WIDTH, height) if pairs or self._before is not None else None
        violence, pair = self._strongest(people.boxes, pairs, gray, look.time_s)
        self._before = (look.time_s, gray) if gray is not None and pairs else None
        yield from self._tell(violence, people, pair, look.time_s)

    def finish(self, time_s: float) -> Iterable[Finding]:
        return self._cause.close(time_s)

    def _tell(self, violence: float, people: Detections, pair: tuple[int, int], time_s: float) -> Iterable[Finding]:
        is_violent = violence >= self.settings.violence
        share = self._violent.update(is_violent, time_s)
        if is_violent and (share >= self.settings.share or self._cause.is_open):
            yield from self._cause.hold(
                time_s,
                since_s=time_s - self.settings.window_s,
                confidence=0.5,
                objects=[_seen(people, i) for i in pair],
                detail={"violence": round(violence, 2)},
            )
        else:
            yield from self._cause.release(time_s)

    def _pairs(self, boxes: Boxes) -> list[tuple[int, int]]:
        """Return the pairs of people who almost touch and stand at one distance from the camera."""
        heights = boxes[:, 3] - boxes[:, 1]
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2 * np.array([self.scene.aspect, 1.0])
        away = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
        tall, small = np.maximum(heights[:, None], heights[None]), np.minimum(heights[:, None], heights[None])
        alike = (small > ALIKE * tall) & (tall >= SMALLEST)
        close = np.triu((away < CLOSE * tall) & alike, k=1)
        return [(int(i), int(j)) for i, j in zip(*np.nonzero(close), strict=True)]

    def _strongest(
        self, boxes: Boxes, pairs: list[tuple[int, int]], gray: Gray | None, time_s: float
    ) -> tuple[float, tuple[int, int]]:
        """Return the strongest movement of a pair against each other, in body heights per second, and whose it is."""
        if not pairs or gray is None or self._before is None or self._before[1].shape != gray.shape:
            return 0.0, (0, 0)
        step_s = time_s - self._before[0]
        if not 0 < step_s <= LONGEST_STEP_S:
            return 0.0, (0, 0)
        flow = _flow(self._before[1], gray) / step_s
        return max((_against(flow, boxes[i], boxes[j]), (i, j)) for i, j in pairs)


def _flow(before: Gray, now: Gray) -> npt.NDArray[np.float32]:
    """Return (height, width, 2) movements in pixels (Farnebäck 2003), with the camera's own taken out."""
    soft = [cv2.GaussianBlur(g, (0, 0), 1.0) for g in (before, now)]
    flow = cv2.calcOpticalFlowFarneback(soft[0], soft[1], np.empty((0, 0), np.float32), 0.5, 2, 13, 2, 5, 1.1, 0)
    return np.asarray(flow - np.median(flow.reshape(-1, 2), axis=0), np.float32)


def _against(flow: npt.NDArray[np.float32], a: Boxes, b: Boxes) -> float:
    """Return how fast a pair's parts move, less how fast the pair moves as one, in body heights per second."""
    height, width = flow.shape[:2]
    x0, y0 = np.minimum(a[:2], b[:2]) * (width, height)
    x1, y1 = np.maximum(a[2:], b[2:]) * (width, height)
    inside = flow[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))].reshape(-1, 2)
    if not len(inside):
        return 0.0
    body = float(max(a[3] - a[1], b[3] - b[1])) * height
    parts, whole = np.percentile(np.hypot(inside[:, 0], inside[:, 1]), STRONGEST), np.hypot(*inside.mean(axis=0))
    return float((parts - whole) / body)


def _seen(people: Detections, i: int) -> Seen:
    x0, y0, x1, y1 = (round(float(v), 4) for v in people.boxes[i])
    return Seen(-1, str(people.labels[i]), (x0, y0, x1, y1), round(float(people.scores[i]), 3))
