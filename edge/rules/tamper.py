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
from edge.rules.view import WIDTH, YOUNG_S, Comparison, Features, LearnedView, features, same_view, shift
from edge.rules.vitals import Vitals
from edge.rules.windows import ShareOfTime

FEWEST_BLOCKS: Final = 8  # with structure: an empty car park cannot be missed by its edges
HALF_LOST: Final = 0.5
TURNED: Final = 0.03  # of the picture's width
NORMAL_AGAIN_S: Final = 3.0
LONGEST_STEP_S: Final = 5.0  # after a longer silence the light may be another: the doubt begins anew
STILL: Final = 0.1  # of the usual change between two looks: less is no living picture
MOST_OF_THE_TIME: Final = 0.7  # a frozen picture still twitches a little at each key frame
LIVELY: Final = 0.15  # grey levels of usual change from which `STILL` means something
SEVERITIES: Final[dict[str, Severity]] = {
    "offline": "high", "frozen": "high", "covered": "high", "moved": "high", "defocused": "medium", "dark": "medium",
}  # fmt: skip
OF_THE_LINK: Final[dict[str, Severity]] = {"degraded": "medium", "clock": "medium"}
LINK_GONE_S: Final = 10.0
MUTING: Final = frozenset({"covered", "moved", "frozen"})


class TamperSettings(RuleSettings):
    kind: Literal["tamper"] = Field(description="watches the camera itself")
    name: str = Field(default="tamper", pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="name of this rule")
    after_s: float = Field(default=3.0, ge=1, le=3600, description="seconds a covered, dark or unsharp view must last")
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
        self._view = LearnedView()
        self._other = LearnedView()  # what it shows instead, while it shows something else
        self._life = _Life()
        self._still = ShareOfTime(self.settings.frozen_after_s)
        self._last: Features | None = None
        self._last_s = self._now_s = 0.0
        self._suspect: tuple[str, float] | None = None  # kind, since when

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
        self._now_s = look.time_s
        height = max(48, round(WIDTH * look.picture.height / look.picture.width))
        now = features(look.picture.gray(WIDTH, height))
        step_s = look.time_s - self._last_s if self._last is not None else 0.0
        if self._last is not None and (self._last.gray.shape != now.gray.shape or step_s > LONGEST_STEP_S):
            self._suspect = None
        kind, comparison = self._judge(now, step_s)
        self._last, self._last_s = now, look.time_s
        yield from self._tell(kind, comparison, look.time_s)

    def absent(self, silent_s: float, time_s: float) -> Iterable[Finding]:
        if silent_s >= self.settings.offline_after_s:
            since_s = time_s - silent_s
            yield from self._causes["offline"].hold(time_s, since_s=since_s, detail={"silent_s": round(silent_s, 1)})

    def vitals(self, vitals: Vitals, time_s: float) -> Iterable[Finding]:
        """A camera that is offline is told as that, not as one whose pictures come badly."""
        degraded = None if self._causes["offline"].is_open else self._delivery.judge(vitals)
        for kind, detail in (("degraded", degraded), ("clock", self._clock.judge(vitals))):
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

    def _judge(self, now: Features, step_s: float) -> tuple[str | None, Comparison | None]:
        """Return what the picture looks like just now, and learn from it where it looks normal."""
        if self._last is None or self._last.gray.shape != now.gray.shape:
            self._view.learn(now, 0.0)
            return None, None
        still_share = self._still.update(self._life.is_still(self._last.gray, now.gray), self._now_s)
        comparison = self._view.compare(now)
        young = self._view.age_s < YOUNG_S
        kind = None if young else _kind_of(now.gray, comparison)
        if kind is None and not young and self._has_turned(now, comparison):
            kind = "moved"
        if kind is None and still_share >= MOST_OF_THE_TIME:
            return "frozen", comparison
        if kind is None:
            self._view.learn(now, min(step_s, LONGEST_STEP_S))
            self._life.learn(self._last.gray, now.gray)
        if kind == "moved" and not self._stands_still(now, step_s):
            return "unsteady", comparison
        return kind, comparison

    def _has_turned(self, now: Features, comparison: Comparison) -> bool:
        """Return whether half the view is lost and the rest has moved as one: long straight edges hide small turns."""
        if comparison.blocks < FEWEST_BLOCKS or comparison.lost < HALF_LOST or self._view.latest is None:
            return False
        return shift(self._view.latest.gray, now.gray) >= TURNED

    def _stands_still(self, now: Features, step_s: float) -> bool:
        """Return whether the other view is one: what passes by changes from look to look."""
        suspected = self._suspect is not None and self._suspect[0] in {"moved", "unsteady"}
        other = self._other.latest if suspected else None
        steady = other is not None and (self._other.compare(now).lost < 0.4 or same_view(other.gray, now.gray))
        if not steady:
            self._other = LearnedView()
        self._other.learn(now, step_s)
        return steady

    def _tell(self, kind: str | None, comparison: Comparison | None, time_s: float) -> Iterable[Finding]:
        if kind is None or self._suspect is None or self._suspect[0] != kind:
            self._suspect = None if kind is None else (kind, time_s)
        open_kinds = [k for k, cause in self._causes.items() if cause.is_open]
        if kind is None:
            for open_kind in open_kinds:
                yield from self._causes[open_kind].release(time_s)
            return
        since_s = self._suspect[1] if self._suspect else time_s
        if open_kinds:  # it is not normal yet: the same cause, whatever it looks like by now
            yield from self._causes[open_kinds[0]].hold(time_s, since_s=since_s, detail=_detail(comparison))
            yield from self._accept(open_kinds[0], time_s - since_s, time_s)
        elif kind in self._causes and time_s - since_s >= (0.0 if kind == "frozen" else self.delay_of(kind)):
            yield from self._causes[kind].hold(
                time_s, since_s=since_s, confidence=_confidence(kind, comparison), detail=_detail(comparison)
            )

    def _accept(self, kind: str, lasted_s: float, time_s: float) -> Iterable[Finding]:
        """Take a view that has stayed for very long as the usual one."""
        if kind == "moved" and lasted_s >= self.settings.accept_after_s:
            yield from self._causes[kind].close(time_s)
            self._start_anew()


class _Life:
    """Knows how much a living picture changes between two looks, and when it does not change at all."""

    def __init__(self) -> None:
        self._usual: float | None = None

    def is_still(self, before: Gray, now: Gray) -> bool:
        return self._usual is not None and self._usual >= LIVELY and _change(before, now) <= STILL * self._usual

    def learn(self, before: Gray, now: Gray) -> None:
        change = min(_change(before, now), 3.0)  # of a normal look: a passing car says nothing about the sensor
        self._usual = change if self._usual is None else self._usual + 0.05 * (change - self._usual)


def _change(before: Gray, now: Gray) -> float:
    """Return the mean absolute difference in grey levels."""
    return float(np.abs(now.astype(np.int16) - before).mean())


def _kind_of(gray: Gray, c: Comparison) -> str | None:
    """Return what a single picture looks like, compared with the usual view."""
    bright = float(np.mean(gray >= 235))
    if float(np.percentile(gray, 95)) < 45 and float(gray.mean()) < 32:
        return "dark"
    if bright >= 0.7 and c.lost >= 0.5:
        return "dark"
    if c.blocks < FEWEST_BLOCKS:
        return None  # too little structure to miss any
    if c.blurred >= 0.7 and c.sharpness <= 0.7 and (c.lost < 0.5 or c.alike >= 0.97):
        return "defocused"
    if c.lost >= 0.6 and ((c.veiled >= 0.4 and c.fresh <= 0.15) or (c.blurred >= 0.65 and c.sharpness <= 0.45)):
        return "covered"
    return "moved" if c.lost >= 0.75 else None


def _confidence(kind: str, c: Comparison | None) -> float:
    if c is None or kind in {"dark", "frozen"}:
        return 0.95
    return round(min(0.99, max(0.5, c.blurred if kind == "defocused" else c.lost)), 2)


def _detail(c: Comparison | None) -> dict[str, float]:
    if c is None:
        return {}
    return {"lost": round(c.lost, 2), "veiled": round(c.veiled, 2), "blurred": round(c.blurred, 2)}
