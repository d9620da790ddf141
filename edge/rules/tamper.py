"""Watch the camera itself: is it there, alive, clear, sharp, and looking where it always looks?

Reports `offline`, `frozen`, `covered`, `moved`, `defocused` and `dark` (too dark, or blinded by light). It learns the
view in its first seconds and follows the light from then on, so that dusk, infrared and rain are nothing; what is
reported must last for `after_s`, so that a lorry that passes in front of the lens is nothing either. One state is told
at a time: a covered camera is not also frozen. From the connection it reports `degraded` (`detail`: `fps` and
`usual_fps`, `damaged`, `stalled`, `reconnects`) and `clock` (`detail`: `ahead_s`, and `how`: off, jumped or drifted).
A camera that is covered, moved or frozen `mutes` the rules that its event's `detail` names.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from pydantic import Field

from detectors.picture import Gray
from edge.rules.base import Finding, Look, Rule, RuleSettings, Scene, Severity
from edge.rules.camera_clock import CameraClock
from edge.rules.cause import Cause
from edge.rules.delivery import Delivery
from edge.rules.life import Life
from edge.rules.light import Lights
from edge.rules.suspicion import FEWEST_BLOCKS, Suspicion, look_of
from edge.rules.turned import TURNED, OtherView
from edge.rules.view import WIDTH, YOUNG_S, Comparison, Features, LearnedView, features, movement
from edge.rules.vitals import Vitals

HALF_LOST: Final = 0.5
NORMAL_AGAIN_S: Final = 3.0
LONGEST_STEP_S: Final = 5.0  # after a longer silence the light may be another: the doubt begins anew
SEVERITIES: Final[dict[str, Severity]] = {
    "offline": "high", "frozen": "high", "covered": "high", "moved": "high", "defocused": "medium", "dark": "medium",
}  # fmt: skip
OF_THE_LINK: Final[dict[str, Severity]] = {"degraded": "medium", "clock": "medium"}
LINK_GONE_S: Final = 10.0
MUTING: Final = frozenset({"covered", "moved", "frozen"})


class TamperSettings(RuleSettings):
    kind: Literal["tamper"] = Field(description="watches the camera itself")
    name: str = Field(default="tamper", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="name of this rule")
    after_s: float = Field(default=4.0, ge=1, le=3600, description="seconds a covered, dark or unsharp view must last")
    moved_after_s: float = Field(default=5.0, ge=1, le=3600, description="seconds another view must stand still")
    frozen_after_s: float = Field(default=6.0, ge=2, le=3600, description="seconds without any change in the picture")
    offline_after_s: float = Field(default=10.0, ge=1, le=3600, description="seconds without a picture")
    accept_after_s: float = Field(default=1800.0, ge=60, description="seconds after which a view is the new usual")
    clock_off_s: float = Field(default=5.0, gt=0, le=86400, description="seconds by which its clock may be wrong")


class Tamper(Rule[TamperSettings]):
    kind = "tamper"
    Settings = TamperSettings
    sense = "picture"
    holds = False  # it judges the life of the picture itself
    kinds = (*SEVERITIES, *OF_THE_LINK)
    says = ("Camera bị can thiệp hoặc hỏng hình", "The camera itself is tampered with or failing")

    def __init__(self, settings: TamperSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._causes = {
            kind: Cause(kind, f"{settings.name}:{kind}", severity=severity, gone_s=NORMAL_AGAIN_S)
            for kind, severity in SEVERITIES.items()
        }
        self._link_causes = {
            kind: Cause(kind, f"{settings.name}:{kind}", severity=severity, gone_s=LINK_GONE_S)
            for kind, severity in OF_THE_LINK.items()
        }
        self._delivery = Delivery()
        self._clock = CameraClock(settings.clock_off_s)
        self._start_anew()

    def _start_anew(self) -> None:
        self._lights = Lights()
        self._other = OtherView(self.settings.moved_after_s)
        self._life = Life(self.settings.frozen_after_s)
        self._suspicion = Suspicion()
        self._last: Features | None = None
        self._last_s = 0.0

    @property
    def every_s(self) -> float:
        return 0.5

    def delay_of(self, kind: str) -> float:
        settings = self.settings
        waits = {
            "moved": settings.moved_after_s,
            "frozen": settings.frozen_after_s,
            "offline": settings.offline_after_s,
            "degraded": 0.0,
            "clock": 0.0,
        }
        return waits.get(kind, settings.after_s)

    def update(self, look: Look) -> Iterable[Finding]:
        yield from self._causes["offline"].close(look.time_s)
        if look.picture is None:
            return
        height = max(48, round(WIDTH * look.picture.height / look.picture.width))
        now = features(look.picture.gray(WIDTH, height))
        step_s = look.time_s - self._last_s if self._last is not None else 0.0
        is_comparable = self._last is not None and self._last.gray.shape == now.gray.shape
        if not is_comparable or step_s > LONGEST_STEP_S:
            self._suspicion.clear()
        self._lights.look(look.picture, now, min(step_s, LONGEST_STEP_S))
        if self._last is None or not is_comparable:
            self._lights.now.view.learn(now, 0.0)
        else:
            kind, comparison = self._judge(self._last.gray, now, step_s, look.time_s)
            yield from self._tell(kind, comparison, look.time_s)
        self._last, self._last_s = now, look.time_s

    def absent(self, silent_s: float, time_s: float) -> Iterable[Finding]:
        if silent_s >= self.settings.offline_after_s:
            since_s = time_s - silent_s
            yield from self._causes["offline"].hold(time_s, since_s=since_s, detail={"silent_s": round(silent_s, 1)})

    def vitals(self, vitals: Vitals, time_s: float) -> Iterable[Finding]:
        """A camera that is offline is told as that, not as one whose pictures come badly."""
        is_away = self._causes["offline"].is_open
        degraded = None if is_away else self._delivery.judge(vitals)
        comes_badly = is_away or degraded is not None or self._link_causes["degraded"].is_open
        clock = self._clock.judge(vitals, comes_badly=comes_badly)
        for kind, detail in (("degraded", degraded), ("clock", clock)):
            cause = self._link_causes[kind]
            if detail is None:
                yield from cause.release(time_s)
            else:
                yield from cause.hold(time_s, since_s=time_s, detail=detail)

    @property
    def mutes(self) -> str | None:
        return next((kind for kind in MUTING if self._causes[kind].is_open), None)

    def finish(self, time_s: float) -> Iterable[Finding]:
        for cause in (*self._causes.values(), *self._link_causes.values()):
            yield from cause.close(time_s)

    def _judge(self, before: Gray, now: Features, step_s: float, time_s: float) -> tuple[str | None, Comparison]:
        """Return what the picture looks like just now, and learn from it where it looks normal."""
        usual = self._lights.now.view
        frozen, comparison = self._life.is_frozen(before, now.gray, time_s), usual.compare(now)
        kind = None if usual.age_s < YOUNG_S else look_of(now.gray, comparison)
        if kind is None and self._has_turned(usual, now, comparison):
            kind = "moved"
        latest = usual.latest.gray if usual.latest is not None else None
        if kind == "moved" and not self._other.stands(latest, now, step_s, time_s):
            return "unsteady", comparison
        if kind is None and frozen:
            return "frozen", comparison
        if kind is None:
            usual.learn(now, min(step_s, LONGEST_STEP_S))
            self._life.learn(before, now.gray)
            self._other.at_home(time_s)
            if self._lights.now.creep.has_crept(now.gray, time_s):
                return "moved", comparison
        return kind, comparison

    def _has_turned(self, usual: LearnedView, now: Features, comparison: Comparison) -> bool:
        """Return whether half the view is lost and the rest has moved as one: long straight edges hide small turns."""
        if usual.age_s < YOUNG_S or usual.latest is None:
            return False
        if comparison.blocks < FEWEST_BLOCKS or comparison.lost < HALF_LOST:
            return False
        moved = movement(usual.latest.gray, now.gray)
        return moved is not None and float(np.hypot(*moved.T).max()) >= TURNED

    def _tell(self, kind: str | None, comparison: Comparison, time_s: float) -> Iterable[Finding]:
        self._suspicion.update(kind, time_s)
        if self._suspicion.since_s is None:
            self._other.clear()
        open_kind = next((k for k, cause in self._causes.items() if cause.is_open), None)
        verdict = self._suspicion.verdict(time_s, self._patience)
        since_s = self._suspicion.since_s
        if open_kind is not None and (kind is None or since_s is None):
            yield from self._causes[open_kind].release(time_s)
        elif open_kind is not None and since_s is not None:  # not normal yet: the same cause, whatever it looks like
            yield from self._causes[open_kind].hold(time_s, since_s=since_s, detail=_detail(comparison))
            yield from self._accept(open_kind, time_s - since_s, time_s)
        elif verdict in self._causes and since_s is not None:
            confidence = _confidence(verdict, comparison)
            yield from self._causes[verdict].hold(
                time_s, since_s=since_s, confidence=confidence, detail=_detail(comparison)
            )

    def _patience(self, kind: str) -> float:
        """A frozen picture has been watched for its time before it is called so."""
        return 0.0 if kind == "frozen" else self.delay_of(kind)

    def _accept(self, kind: str, lasted_s: float, time_s: float) -> Iterable[Finding]:
        """Take a view that has stayed for very long as the usual one."""
        if kind == "moved" and lasted_s >= self.settings.accept_after_s:
            yield from self._causes[kind].close(time_s)
            self._start_anew()


def _confidence(kind: str, c: Comparison) -> float:
    if kind in {"dark", "frozen"}:
        return 0.95
    return round(min(0.99, max(0.5, c.blurred if kind == "defocused" else c.lost)), 2)


def _detail(c: Comparison) -> dict[str, float]:
    return {"lost": round(c.lost, 2), "veiled": round(c.veiled, 2), "blurred": round(c.blurred, 2)}
