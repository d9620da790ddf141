"""Report forest-fire smoke or flame once several looks agree on it.

A candidate is followed from look to look; what the looks show of it adds up to evidence of a fire: how
sure the detector is, beyond what it says elsewhere in this view and always at that place; whether the view has changed
just there; whether it grows, rises, stands on land and is alone. It starts when that reaches `evidence`, shifted
by the day's fire danger and by what is known of the place, never from one look alone, and ends when nothing has been
seen for `gone_s`. Candidates that stand close together are one fire. Where fog or glare hides the view nothing is
judged, nothing begins and nothing ends; what belongs to a low cloud or to mist begins nothing.
`detail` carries `stage` (suspected, confirmed), `certainty` 0..1, `why` (what made it more urgent: certain, large,
flame), `looks`, `growth` (size now ÷ at first), `rise`, `area` (share of the picture), `flame` (has flame been seen),
`view` (clear, partly, night, fog, cloud, glare), `danger` (I to V, if known) and `needed` (the evidence needed).
Where the camera's pose is known the node adds `bearing` (lat, lon of the camera, azimuth_deg, elevation_deg, error_deg
as one standard error, range_m), with terrain `ellipse` (lat, lon, half axes major_m and minor_m that hold 95 %,
azimuth_deg, `hidden`: how likely behind the crest), or `bearing_void` (moved, stuck, frozen, unknown).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

import numpy as np
from pydantic import Field, model_validator

from detectors.detections import Detections
from edge.rules.base import DangerLevel, Finding, Look, Phase, Rule, RuleSettings, Scene, Seen, Severity
from edge.smoke.evidence import certainty
from edge.smoke.fire import Fire, Stage, area_of
from edge.smoke.nuisances import NuisanceSettings
from edge.smoke.tube import Tube
from edge.smoke.visibility import View
from edge.smoke.watch import SmokeWatch

BY_DANGER: Final[Mapping[DangerLevel, float]] = {"I": 1.5, "II": 0.75, "III": 0.0, "IV": -0.4, "V": -0.8}
"""A fire is likelier on a dry day, and so the same sight is more often one. From I to V this doubles the false alarms
(curve in docs/decisions/0161); the true ratio of fires is far larger, but a wrong level must neither blind a camera
nor flood an operator."""


LEAST_EVIDENCE: Final = 2.1  # just beyond what one look can say


class SmokeSettings(RuleSettings):
    kind: Literal["smoke"] = Field(description="reports forest-fire smoke and flame")
    severity: Severity = Field(
        default="medium", description="how urgent when confirmed; one level up each when certain, large, with flame"
    )
    zone: str | None = Field(default=None, description="a zone of this camera; empty means the whole picture")
    except_zones: frozenset[str] = Field(default=frozenset(), description="zones that never count: kilns, chimneys")
    nuisances: tuple[NuisanceSettings, ...] = Field(
        default=(), max_length=64, description="zones that smoke at some hours or in some months without a fire"
    )
    every_s: float = Field(default=20.0, ge=1, le=120, description="seconds between two looks")
    evidence: float = Field(
        default=3.0, ge=2.1, le=12, description="how much the looks must add up to: higher is surer and later"
    )
    suspicion: float | None = Field(
        default=None,
        ge=-4,
        le=8,
        description="log-odds from which it is told as a suspicion, of low urgency; empty: no",
    )
    by_danger: dict[DangerLevel, float] = Field(
        default=dict(BY_DANGER), description="added to `evidence` at each fire danger level of the day, I to V"
    )
    confirm_s: float = Field(default=40.0, ge=0, le=3600, description="seconds that it must have lasted at least")
    gone_s: float = Field(default=600.0, ge=10, description="seconds without a sighting after which it is over")
    speed: float = Field(
        default=1.0, ge=1, le=600, description="times faster than life that pictures come: more than 1 only for films"
    )
    near: float = Field(default=0.12, ge=0, le=1, description="candidates nearer than this share of the width are one")

    @model_validator(mode="after")
    def _suspicion_comes_first(self) -> SmokeSettings:
        if self.suspicion is not None and self.suspicion >= self.evidence:
            raise ValueError("`suspicion` must be below `evidence`: a suspicion comes before its confirmation")
        return self

    def zones_named(self) -> list[str]:
        return [*super().zones_named(), *sorted(self.except_zones), *(one.zone for one in self.nuisances)]


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
        self._nuisances = [(one, scene.zone(one.zone)) for one in settings.nuisances]
        self._watches: dict[str, SmokeWatch] = {}  # the memory of each view: one, or one for each preset
        self._view: View = "clear"
        self._fires: list[Fire] = []
        self._count = 0

    @property
    def every_s(self) -> float:
        return self.settings.every_s

    @property
    def sight(self) -> View:
        """Whether the view can be judged just now, in one word."""
        return self._view

    def update(self, look: Look) -> Iterable[Finding]:
        speed = self.settings.speed
        if speed == 1:
            return self._watch(look)
        return [_slowed(one, speed) for one in self._watch(replace(look, time_s=look.time_s * speed))]

    def _watch(self, look: Look) -> Iterator[Finding]:
        if look.pose is None:
            return  # on its way between two presets
        watch = self._watches.setdefault(look.pose, SmokeWatch())
        tubes = watch.look(self._that_counts(look), look.picture, look.time_s)
        self._view = watch.view
        fires = [fire for fire in self._fires if fire.pose == look.pose]
        for tube in tubes:
            yield from self._hear(tube, look, fires)
        yield from self._go_on(look, fires, watch)

    def finish(self, time_s: float) -> Iterable[Finding]:
        speed = self.settings.speed
        for fire in self._fires:
            yield _slowed(self._finding(fire, "end", time_s * speed, self._needed(None)), speed)
        self._fires.clear()

    def _that_counts(self, look: Look) -> Detections:
        """Return what stands in the watched zone and in none that never counts, now."""
        found = look.detections.labelled(self.kinds)
        feet = np.stack([(found.boxes[:, 0] + found.boxes[:, 2]) / 2, found.boxes[:, 3]], axis=1).astype(np.float64)
        counts = self._zone.contains(feet)
        never = [zone for one, zone in self._nuisances if one.more is None and one.holds(look.at)]
        for zone in [*self._except, *never]:
            counts &= ~zone.contains(feet)
        return found[counts]

    def _needed(self, look: Look | None, tube: Tube | None = None) -> float:
        """Return the evidence that is needed: as set, by the day's danger, and by what is known of the place."""
        if look is None:
            return self.settings.evidence
        needed = self.settings.evidence
        needed += self.settings.by_danger.get(look.danger, 0.0) if look.danger is not None else 0.0
        needed = max(LEAST_EVIDENCE, needed)
        if tube is None:
            return needed
        box = tube.last.box
        foot = np.array([[(box[0] + box[2]) / 2, box[3]]], np.float64)
        here = [one for one, zone in self._nuisances if one.holds(look.at) and zone.contains(foot)[0]]
        return needed + max((one.more or 0.0 for one in here), default=0.0)

    def _hear(self, tube: Tube, look: Look, fires: list[Fire]) -> Iterator[Finding]:
        """Let a candidate that has just been seen begin a fire, confirm one, or become a part of one."""
        lasts = tube.seen_looks >= 2 and tube.lasted_s >= self.settings.confirm_s
        if tube.last.time_s != look.time_s or not lasts:
            return
        needed = self._needed(look, tube)
        stage = self._stage(tube.evidence, needed)
        owner = next((fire for fire in fires if tube in fire.tubes), None)
        if stage is None or (owner is not None and (stage == "suspected" or owner.stage == "confirmed")):
            return
        owner = owner or self._nearest(tube, fires)
        if owner is None:
            owner = self._begin(tube, look, stage)
            fires.append(owner)
            yield self._finding(owner, "start", look.time_s, needed, look.danger)
        elif tube not in owner.tubes:
            owner.add(tube)
        if stage == "confirmed":
            owner.stage = "confirmed"

    def _stage(self, evidence: float, needed: float) -> Stage | None:
        if evidence >= needed:
            return "confirmed"
        suspicion = self.settings.suspicion
        is_suspect = suspicion is not None and evidence >= suspicion + needed - self.settings.evidence
        return "suspected" if is_suspect else None

    def _nearest(self, tube: Tube, fires: list[Fire]) -> Fire | None:
        close = [(fire.distance(tube.last.box), index) for index, fire in enumerate(fires)]
        distance, index = min(close, default=(np.inf, -1))
        return fires[index] if distance <= self.settings.near else None

    def _begin(self, tube: Tube, look: Look, stage: Stage) -> Fire:
        self._count += 1
        key = f"{self.settings.name}#{self._count}"
        started = Finding(tube.last.label, "start", key, look.time_s, tube.born.time_s, 0.0, "info")
        fire = Fire(key, look.pose, started, stage, tube.last.area, flame=tube.last.label == "flame")
        fire.add(tube)
        self._fires.append(fire)
        return fire

    def _go_on(self, look: Look, fires: list[Fire], watch: SmokeWatch) -> Iterator[Finding]:
        """Tell what has grown, what still lasts, and what is over."""
        needed = self._needed(look)
        for fire in fires:
            fire.flame |= any(tube.last.label == "flame" for tube in fire.tubes if tube.missed_looks == 0)
            if watch.is_blind:
                fire.blind_s = look.time_s
            if fire.is_over(look.time_s, self.settings.gone_s):
                self._fires.remove(fire)
                yield self._finding(fire, "end", look.time_s, needed, look.danger)
                watch.let_go(fire.tubes)
            elif fire.is_news(look.time_s, fire.severity(self.settings.severity, needed)):
                yield self._finding(fire, "update", look.time_s, needed, look.danger)

    def _finding(
        self, fire: Fire, phase: Phase, time_s: float, needed: float, danger: DangerLevel | None = None
    ) -> Finding:
        main, told = fire.main, fire.told
        fire.area = max(fire.area, area_of(fire.box))
        fire.told = Finding(
            kind=told.kind,
            phase=phase,
            key=fire.key,
            time_s=time_s,
            started_s=told.started_s,
            ended_s=fire.seen_s if phase == "end" else None,
            confidence=certainty(main.peak, self.settings.evidence),
            severity=fire.severity(self.settings.severity, needed),
            zone=self.settings.zone,
            objects=(Seen(main.number, main.last.label, fire.box, main.last.score),),
            detail={
                "stage": fire.stage,
                "certainty": certainty(main.peak, self.settings.evidence),
                "why": fire.reasons(needed),
                "looks": sum(tube.seen_looks for tube in fire.tubes),
                "growth": round(main.growth, 2),
                "rise": round(main.rise, 2),
                "area": round(area_of(fire.box), 5),
                "flame": fire.flame,
                "view": self._view,
                "danger": danger,
                "needed": round(needed, 2),
            },
        )
        return fire.told


def _slowed(finding: Finding, speed: float) -> Finding:
    """Return the finding in the time of the camera, which is not that of a film played fast."""
    ended_s = None if finding.ended_s is None else finding.ended_s / speed
    return replace(finding, time_s=finding.time_s / speed, started_s=finding.started_s / speed, ended_s=ended_s)
