"""Report forest-fire smoke or flame once several looks agree on it.

A candidate is followed from look to look and adds up evidence: how sure the detector is, beyond what it always says at
that place; whether the view has changed just there; whether it grows and rises and stays on its source. It starts
when the evidence reaches `evidence`, never from one look alone, and ends when nothing has been seen for `gone_s`.
Candidates that stand close together are one fire. Where fog or glare hides the view nothing is judged.
`detail` carries `certainty` 0..1, `looks`, `growth` (size now ÷ at first), `rise`, `area` (share of the picture),
`flame` (has flame been seen) and `view` (clear, night, fog, glare).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge.rules.base import Finding, Look, Phase, Rule, RuleSettings, Scene, Seen, Severity
from edge.smoke.evidence import Scale, certainty
from edge.smoke.tube import Tube
from edge.smoke.visibility import View
from edge.smoke.watch import SmokeWatch

LEVELS: Final[tuple[Severity, ...]] = ("info", "low", "medium", "high", "critical")
LARGE: Final = 0.02  # of the picture: a plume of about 1/5 by 1/10, far beyond a fire that one crew puts out
SURE: Final = 2.0  # times the needed evidence
GREW: Final = 1.5  # times the size that was told last: worth an update
UPDATE_S: Final = 120.0  # between two updates of a fire that only goes on


class SmokeSettings(RuleSettings):
    kind: Literal["smoke"] = Field(description="reports forest-fire smoke and flame")
    severity: Severity = Field(default="high", description="how urgent at first; it grows with size and flame")
    zone: str | None = Field(default=None, description="a zone of this camera; empty means the whole picture")
    except_zones: frozenset[str] = Field(default=frozenset(), description="zones that never count: kilns, chimneys")
    every_s: float = Field(default=20.0, ge=1, le=120, description="seconds between two looks")
    evidence: float = Field(
        default=1.9, ge=1.3, le=6, description="how much the looks must add up to: higher is surer and later"
    )
    confirm_s: float = Field(default=10.0, ge=0, le=3600, description="seconds that it must have lasted at least")
    gone_s: float = Field(default=600.0, ge=10, description="seconds without a sighting after which it is over")
    near: float = Field(default=0.12, ge=0, le=1, description="candidates nearer than this share of the width are one")
    low_score: float = Field(default=0.05, ge=0, lt=1, description="detector score that counts nothing")
    high_score: float = Field(default=0.20, gt=0, le=1, description="detector score that counts fully")


@dataclass(slots=True, eq=False)
class _Fire:
    """One fire as it is being told."""

    key: str
    told: Finding
    area: float  # when it was told last
    tubes: list[Tube] = field(default_factory=list)
    flame: bool = False

    @property
    def seen_s(self) -> float:
        return max(tube.last.time_s for tube in self.tubes)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0 y0 x1 y1 around the latest sighting of each part that is still seen."""
        latest = [tube.last.box for tube in self.tubes if tube.missed_looks == 0] or [self.tubes[0].last.box]
        (x0, y0), (x1, y1) = np.min(latest, axis=0)[:2], np.max(latest, axis=0)[2:]
        return float(x0), float(y0), float(x1), float(y1)


class Smoke(Rule[SmokeSettings]):
    kind = "smoke"
    Settings = SmokeSettings
    sense = "smoke"
    kinds = ("smoke", "flame")
    says = ("Phát hiện khói, lửa", "Smoke or flame")

    def __init__(self, settings: SmokeSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._zone = scene.zone(settings.zone)
        self._except = [scene.zone(name) for name in sorted(settings.except_zones)]
        self._watch = SmokeWatch(Scale(settings.low_score, settings.high_score))
        self._fires: list[_Fire] = []
        self._count = 0

    @property
    def every_s(self) -> float:
        return self.settings.every_s

    @property
    def view(self) -> View:
        """Whether the view can be judged just now."""
        return self._watch.view

    def update(self, look: Look) -> Iterable[Finding]:
        found = look.detections.labelled(self.kinds)
        feet = np.stack([(found.boxes[:, 0] + found.boxes[:, 2]) / 2, found.boxes[:, 3]], axis=1).astype(np.float64)
        counts = self._zone.contains(feet)
        for zone in self._except:
            counts &= ~zone.contains(feet)
        for tube in self._watch.look(found[counts], look.picture, look.time_s):
            if not tube.reported and self._is_certain(tube):
                yield from self._tell_of(tube, look.time_s)
        yield from self._go_on(look.time_s)

    def finish(self, time_s: float) -> Iterable[Finding]:
        for fire in self._fires:
            yield self._finding(fire, "end", time_s)
        self._fires.clear()

    def _is_certain(self, tube: Tube) -> bool:
        return (
            tube.missed_looks == 0
            and tube.evidence >= self.settings.evidence
            and tube.seen_looks >= 2
            and tube.lasted_s >= self.settings.confirm_s
        )

    def _tell_of(self, tube: Tube, time_s: float) -> Iterator[Finding]:
        """Begin a fire with `tube`, or make it part of one that burns close by."""
        tube.reported = True
        for fire in self._fires:
            if _gap(np.array(fire.box), tube.last.box) <= self.settings.near:
                fire.tubes.append(tube)
                return
        self._count += 1
        started = Finding(
            tube.last.label, "start", f"{self.settings.name}#{self._count}", time_s, tube.born.time_s, 0.0, "info"
        )
        fire = _Fire(started.key, started, tube.last.area, [tube], tube.last.label == "flame")
        self._fires.append(fire)
        yield self._finding(fire, "start", time_s)

    def _go_on(self, time_s: float) -> Iterator[Finding]:
        """Tell what has grown, what still lasts, and what is over."""
        for fire in list(self._fires):
            fire.flame |= any(tube.last.label == "flame" for tube in fire.tubes if tube.missed_looks == 0)
            if time_s - fire.seen_s > self.settings.gone_s:
                self._fires.remove(fire)
                yield self._finding(fire, "end", time_s)
                for tube in fire.tubes:
                    tube.reported = False
            elif self._is_news(fire, time_s):
                yield self._finding(fire, "update", time_s)

    def _is_news(self, fire: _Fire, time_s: float) -> bool:
        since_s = time_s - fire.told.time_s
        grew = _area(fire.box) >= GREW * fire.area or self._severity(fire) != fire.told.severity
        return since_s > 0 and (grew or (since_s >= UPDATE_S and time_s == fire.seen_s))

    def _severity(self, fire: _Fire) -> Severity:
        """Return the configured severity, one level up when large or very certain, another with flame; never down."""
        evidence = max(tube.peak for tube in fire.tubes)
        steps = int(_area(fire.box) >= LARGE or evidence >= SURE * self.settings.evidence) + int(fire.flame)
        level = min(LEVELS.index(self.settings.severity) + steps, len(LEVELS) - 1)
        return LEVELS[max(level, LEVELS.index(fire.told.severity))]

    def _finding(self, fire: _Fire, phase: Phase, time_s: float) -> Finding:
        main = max(fire.tubes, key=lambda tube: tube.peak)
        told = fire.told
        fire.area = max(fire.area, _area(fire.box))
        fire.told = Finding(
            kind=told.kind,
            phase=phase,
            key=fire.key,
            time_s=time_s,
            started_s=told.started_s,
            ended_s=fire.seen_s if phase == "end" else None,
            confidence=certainty(main.peak, self.settings.evidence),
            severity=self._severity(fire),
            zone=self.settings.zone,
            objects=(Seen(main.number, main.last.label, fire.box, main.last.score),),
            detail={
                "certainty": certainty(main.peak, self.settings.evidence),
                "looks": sum(tube.seen_looks for tube in fire.tubes),
                "growth": round(main.growth, 2),
                "rise": round(main.rise, 2),
                "area": round(_area(fire.box), 5),
                "flame": fire.flame,
                "view": self._watch.view,
            },
        )
        return fire.told


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _gap(a: npt.NDArray[np.float64], b: npt.NDArray[np.float32]) -> float:
    """Return the distance between two boxes, 0 when they touch, in shares of the picture."""
    apart = np.maximum(0, np.maximum(a[:2] - b[2:], b[:2] - a[2:]))
    return float(np.hypot(*apart))
