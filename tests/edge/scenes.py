"""Small pieces that tests of the edge share: moments, pictures, settings, a rule with a plot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from detectors.detections import Detections
from edge.config import CameraSettings
from edge.rules.base import Finding, Look, Rule, RuleSettings, Scene, Seen
from rtsp.frame import Frame
from rtsp.picture import VideoPicture

NOON = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)


def picture(value: int = 128, width: int = 64, height: int = 48) -> VideoPicture:
    return VideoPicture.of(np.full((height, width, 3), value, np.uint8))


def frame(time_s: float, *, session: int = 0, at: datetime | None = None, index: int = 0) -> Frame:
    moment = at or NOON + timedelta(seconds=time_s)
    return Frame("cam", session, index, time_s, moment, "rtcp", True, picture())


def person(x: float = 0.5, y: float = 0.5) -> Detections:
    box = np.array([[x - 0.05, y - 0.2, x + 0.05, y]], np.float32)
    return Detections(box, np.array([0.9], np.float32), np.array(["person"]))


def camera(**more: Any) -> CameraSettings:
    return CameraSettings.model_validate({"id": "cam", "url": "file:/none.mp4", **more})


@dataclass
class SpyRule(Rule[RuleSettings]):
    """Reports a finding at each look, and remembers what it was told."""

    sense_: str = "objects"
    every: float = 0.0
    looks: list[Look] = field(default_factory=list)
    silences: list[float] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)

    kind = "intrusion"

    def __post_init__(self) -> None:
        super().__init__(RuleSettings(name="spy"), Scene())
        self.sense = self.sense_  # type: ignore[misc, assignment]

    @property
    def every_s(self) -> float:
        return self.every

    def update(self, look: Look) -> Iterable[Finding]:
        self.looks.append(look)
        yield finding(look.time_s, started_s=look.time_s - 1.0)

    def absent(self, silent_s: float, time_s: float) -> Iterable[Finding]:
        self.silences.append(silent_s)
        yield finding(time_s, started_s=time_s - silent_s)

    def forget(self, track_ids: Iterable[int]) -> None:
        self.forgotten += list(track_ids)


def finding(time_s: float, *, started_s: float | None = None, **more: Any) -> Finding:
    facts: dict[str, Any] = {
        "kind": "intrusion", "phase": "start", "key": "1", "time_s": time_s,
        "started_s": time_s if started_s is None else started_s, "confidence": 0.8, "severity": "high",
        "objects": (Seen(1, "person", (0.4, 0.3, 0.5, 0.5), 0.9),),
    }  # fmt: skip
    return Finding(**{**facts, **more})
