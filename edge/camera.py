"""The story of one camera: look, track, judge, tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np

from detectors.detections import Detections
from detectors.picture import Picture
from edge.config import ViewSettings
from edge.duty import Duty
from edge.geometry import Areas, Zone
from edge.ground import Ground
from edge.muting import Muting
from edge.perspective import Perspective
from edge.poses import STEADY, PoseWatch, Stance
from edge.rules import CATALOG
from edge.rules.base import DangerLevel, Finding, Look, Rule, Scene, Sense
from edge.rules.lorries import LorryJudge
from edge.rules.vitals import Vitals
from edge.schedule import is_on
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker
from edge.tracks import Tracks

SHORTEST_STEP_S: Final = 1e-3
EARLY: Final = 0.1  # a frame this share of a period early counts as due: cameras are not metronomes


class Moment(Protocol):
    """What the story needs to know of a frame; `rtsp.frame.Frame` has it."""

    @property
    def session(self) -> int: ...
    @property
    def time_s(self) -> float: ...
    @property
    def captured_at(self) -> datetime: ...
    @property
    def picture(self) -> Picture: ...


MOST_OPEN: Final = 1000  # causes of one camera that go on at a time; the oldest is forgotten first


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A finding with the moment it belongs to, ready to be made an event."""

    finding: Finding
    rule_name: str
    at: datetime  # UTC at which it is said
    started_at: datetime
    ended_at: datetime | None
    picture: Picture | None  # what was seen just then
    stance: Stance = STEADY  # how the camera stood


class CameraWatch:
    """Follows the objects of one camera and asks its rules. Not thread-safe: one thread at a time."""

    def __init__(
        self,
        rules: Sequence[Rule[Any]],
        *,
        tracker: Tracker | None = None,
        looks_per_s: float = 5.0,
        poses: PoseWatch | None = None,
        perspective: Perspective | None = None,
    ) -> None:
        self._rules = list(rules)
        self._poses = poses or PoseWatch()
        self.danger: DangerLevel | None = None  # of its commune today, as central tells it
        self._tracker = tracker or Tracker()
        self._tracks = Tracks.none()
        self._clock = SteadyClock()
        self._due_s: dict[int, float] = {}
        self._sense_due_s: dict[Sense, float] = {}
        self._periods = _periods(self._rules, 1 / looks_per_s)
        self._began: dict[tuple[str, str, str], datetime] = {}  # rule, kind, cause → UTC since when it is told
        self._seen: tuple[Detections | None, Picture] | None = None  # what holds while the camera sleeps
        self._muting = Muting()
        self._duty = Duty()
        self._perspective = perspective or Perspective()
        self._ratios: Areas | None = None  # of the latest tracks, how plausible their sizes are

    @property
    def senses(self) -> Mapping[Sense, float]:
        """The senses that its rules use, each with the seconds between two looks."""
        return self._periods

    @property
    def poses(self) -> PoseWatch:
        """How the camera stands; only looked at where it watches for smoke."""
        return self._poses

    @property
    def rules(self) -> Sequence[Rule[Any]]:
        return self._rules

    @property
    def tracks(self) -> Tracks:
        """The tracks of the last look."""
        return self._tracks

    @property
    def muted_by(self) -> str | None:
        """The camera's own trouble because of which its rules are not believed just now; None when all is well."""
        return next((rule.mutes for rule in self._rules if rule.mutes is not None), None)

    @property
    def sight(self) -> str | None:
        """Whether its view can be judged: "clear", or in one word why not; None where no rule says."""
        said = [rule.sight for rule in self._rules if rule.sight is not None]
        return next((one for one in said if one != "clear"), said[0] if said else None)

    @property
    def held_back(self) -> int:
        """How many findings have been held back because the camera could not see."""
        return self._muting.count

    def due(self, moment: Moment) -> frozenset[Sense]:
        """Return which senses want this moment; asking changes nothing."""
        now_s = self._clock.peek(moment)
        periods = self._periods.items()
        return frozenset(s for s, every_s in periods if now_s >= self._sense_due_s.get(s, -np.inf) - EARLY * every_s)

    def turn_to(self, moment: Moment) -> None:
        """Let go of the picture before: this one is about to be looked at, and each is three megabytes."""
        if self._seen is not None:
            self._seen = (self._seen[0], moment.picture)

    def see(self, moment: Moment, seen: Mapping[Sense, Detections]) -> list[Told]:
        """Take in one moment and what the detectors saw in it ("picture" carries no detections).

        Returns what the rules have to tell, in the order of the rules.
        """
        now_s, is_new_session = self._clock.tick(moment)
        if is_new_session:
            self._forget(self._tracker.reset())
        self._next_looks(now_s, seen)
        if "smoke" in seen:
            self._poses.look(moment.picture, now_s)
        earlier = self._seen[0] if self._seen and not is_new_session else None
        self._seen = (seen.get("objects", earlier), moment.picture)
        if "objects" in seen:
            self._follow(seen["objects"], now_s)
        told: list[Told] = []
        for rule in self._rules:
            if "picture" in seen and rule.glances_s is not None:
                rule.glance(moment.picture, now_s)
            if rule.sense in seen and self._is_due(rule, now_s):
                look = self._look(now_s, seen[rule.sense], moment.picture)
                told += self._tell(rule, rule.see(look), moment.picture)
        return told

    def hold(self, now: datetime) -> list[Told]:
        """Tell what follows from a picture that stands still: what was seen at the last look holds until `now`.

        This is how a sleeping camera goes on watching: someone who stands still goes on loitering, and no track ends
        because nobody looked. Rules that judge the picture's own life (`holds` is False) are not asked.
        """
        if self._seen is None:
            return []
        objects, picture = self._seen
        now_s = self._clock.pass_to(now)
        if objects is not None:
            self._follow(objects, now_s)
        told: list[Told] = []
        for rule in self._rules:
            is_asked = (rule.sense == "objects" and objects is not None) or rule.sense == "picture"
            if rule.holds and is_asked and self._is_due(rule, now_s):
                seen = objects if objects is not None else Detections.none()
                told += self._tell(rule, rule.see(self._look(now_s, seen, picture)), picture)
        return told

    def absent(self, silent_s: float, now: datetime) -> list[Told]:
        """Tell what follows from `silent_s` seconds without a picture."""
        time_s = self._clock.at(now)
        return [t for rule in self._rules for t in self._tell(rule, rule.absent(silent_s, time_s), None)]

    def vitals(self, vitals: Vitals, now: datetime) -> list[Told]:
        """Tell what follows from what the camera's connection says about itself."""
        time_s = self._clock.at(now)
        return [t for rule in self._rules for t in self._tell(rule, rule.vitals(vitals, time_s), None)]

    def finish(self) -> list[Told]:
        """Close what is open: the camera ends here."""
        time_s = self._clock.time_s
        return [t for rule in self._rules for t in self._tell(rule, rule.finish(time_s), None)]

    def _follow(self, objects: Detections, now_s: float) -> None:
        self._tracks = self._tracker.update(objects, now_s)
        self._forget(self._tracker.ended())
        self._perspective.learn(self._tracks, now_s)
        self._ratios = self._perspective.ratios(self._tracks)

    def _look(self, now_s: float, seen: Detections, picture: Picture) -> Look:
        at = self._clock.utc(now_s)
        return Look(now_s, self._tracks, seen, picture, self._poses.stance.pose, self.danger, at, self._ratios)

    def _is_due(self, rule: Rule[Any], now_s: float) -> bool:
        if rule.sense != "picture":
            return True  # a detector has looked: every rule behind it may know
        if now_s < self._due_s.get(id(rule), -np.inf) - EARLY * rule.every_s:
            return False
        self._due_s[id(rule)] = now_s + rule.every_s
        return True

    def _next_looks(self, now_s: float, seen: Mapping[Sense, Detections]) -> None:
        for sense in seen:
            # Steps from the planned time, so that jitter does not lower the rate; from now after a gap.
            planned_s = self._sense_due_s.get(sense, now_s)
            period_s = self._periods.get(sense, 0.0)
            base_s = planned_s if now_s - planned_s < period_s else now_s
            self._sense_due_s[sense] = base_s + period_s

    def _tell(self, rule: Rule[Any], findings: Iterable[Finding], picture: Picture | None) -> list[Told]:
        heard = [self._heard(rule, finding) for finding in findings]
        return [self._told(rule.settings.name, finding, picture) for finding in heard if finding is not None]

    def _heard(self, rule: Rule[Any], finding: Finding) -> Finding | None:
        """Return what may be told: on duty, and a camera that cannot see holds back what its other rules find."""
        on_duty = is_on(rule.settings.schedule, self._clock.utc(finding.time_s))
        passed = self._duty.pass_on(rule.settings.name, finding, on_duty)
        return None if passed is None else self._believed(rule, passed)

    def _believed(self, rule: Rule[Any], finding: Finding) -> Finding | None:
        if rule.mutes is None:
            return self._muting.pass_on(rule.settings.name, finding, self.muted_by)
        others = [other.settings.name for other in self._rules if other is not rule]
        return replace(finding, detail={**finding.detail, "mutes": others}) if finding.kind == rule.mutes else finding

    def _told(self, rule_name: str, finding: Finding, picture: Picture | None) -> Told:
        started_at = self._began_at(rule_name, finding)
        ended_at = None if finding.ended_s is None else max(started_at, self._clock.utc(finding.ended_s))
        at, stance = self._clock.utc(finding.time_s), self._poses.stance
        return Told(finding, rule_name, at, started_at, ended_at, picture, stance)

    def _began_at(self, rule_name: str, finding: Finding) -> datetime:
        """Return when it began, the same to the microsecond in start, updates and end: by that they are one episode.

        Computed anew it would differ, because the camera's clock runs a little differently against ours each moment.
        """
        cause = (rule_name, finding.kind, finding.key)
        known = None if finding.phase == "start" else self._began.get(cause)
        began_at = known or self._clock.utc(finding.started_s)
        self._began.pop(cause, None)
        if finding.phase != "end":
            self._began[cause] = began_at
        if len(self._began) > MOST_OPEN:
            self._began.pop(next(iter(self._began)))
        return began_at

    def _forget(self, track_ids: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        if len(track_ids):
            for rule in self._rules:
                rule.let_go(track_ids.tolist())
            self._perspective.forget(track_ids.tolist())


class SteadyClock:
    """One camera time across sessions, which never runs backwards, and the UTC that belongs to it."""

    def __init__(self) -> None:
        self.time_s = 0.0
        self._session: int | None = None
        self._offset_s = 0.0  # steady time - the session's own time
        self._utc: datetime | None = None  # of the last moment, as the camera tells it
        self._asked: datetime | None = None  # our own time when we first asked what time it was after that moment

    def peek(self, moment: Moment) -> float:
        """Return the steady time of `moment` without taking it in."""
        if moment.session == self._session:
            return max(self.time_s, moment.time_s + self._offset_s)
        return self.time_s + self._gap_s(moment)

    def tick(self, moment: Moment) -> tuple[float, bool]:
        """Return (steady time, is this the first moment of another session?)."""
        is_new = moment.session != self._session
        if is_new:
            self.time_s += self._gap_s(moment)
            self._offset_s = self.time_s - moment.time_s
        had_session, self._session = self._session is not None, moment.session
        self.time_s = max(self.time_s, moment.time_s + self._offset_s)
        self._utc, self._asked = moment.captured_at, None
        return self.time_s, is_new and had_session

    def pass_to(self, now: datetime) -> float:
        """Let time pass to `now` without a picture, and return it."""
        if self._utc is not None:
            passed_s = self._passed_s(now, self._utc)
            self.time_s += passed_s
            self._utc += timedelta(seconds=passed_s)
            self._asked = now
        return self.time_s

    def utc(self, time_s: float) -> datetime:
        """Return the UTC of a steady time, from the last moment's own."""
        if self._utc is None:
            raise ValueError("no moment has been taken in yet")
        return self._utc + timedelta(seconds=time_s - self.time_s)

    def at(self, now: datetime) -> float:
        """Return the steady time of a UTC moment at which no picture came."""
        if self._utc is None:
            self._utc = now  # nothing was ever seen: camera time begins with the wait for it
        return self.time_s + self._passed_s(now, self._utc)

    def _passed_s(self, now: datetime, camera_utc: datetime) -> float:
        """Return the seconds since the last moment. Where the camera's clock is ahead of ours, since we first asked."""
        self._asked = self._asked or now
        return max(0.0, (now - camera_utc).total_seconds(), (now - self._asked).total_seconds())

    def _gap_s(self, moment: Moment) -> float:
        if self._utc is None:
            return 0.0
        return max(SHORTEST_STEP_S, (moment.captured_at - self._utc).total_seconds())


USUAL_ASPECT: Final = 16 / 9


def make_watch(
    view: ViewSettings,
    *,
    looks_per_s: float = 5.0,
    aspect: float = USUAL_ASPECT,
    poses: PoseWatch | None = None,
    lorries: LorryJudge | None = None,
) -> CameraWatch:
    """Return the watch over a camera whose pictures are `aspect` times as wide as they are high."""
    tracker = Tracker(TrackerSettings(aspect=aspect))
    perspective = Perspective(None if view.ground is None else Ground(view.ground, aspect), aspect)
    rules = make_rules(view, aspect=aspect, lorries=lorries)
    return CameraWatch(rules, tracker=tracker, looks_per_s=looks_per_s, perspective=perspective, poses=poses)


def make_rules(view: ViewSettings, *, aspect: float = 16 / 9, lorries: LorryJudge | None = None) -> list[Rule[Any]]:
    """Return one rule for each that the camera's settings name, with its geometry."""
    scene = Scene(
        zones={name: Zone(np.asarray(polygon, np.float64)) for name, polygon in view.zones.items()},
        lines={name: np.asarray([line.from_, line.to], np.float64) for name, line in view.lines.items()},
        masks=tuple(np.asarray(mask, np.float64) for mask in view.masks),
        aspect=aspect,
        ground=None if view.ground is None else Ground(view.ground, aspect),
        lorries=lorries,
    )
    return [CATALOG[settings.kind](settings, scene) for settings in view.rules]  # type: ignore[attr-defined]


def _periods(rules: Sequence[Rule[Any]], object_look_s: float) -> dict[Sense, float]:
    """Return the seconds between two looks of each sense: objects at the node's pace, the others at their rules'."""
    periods: dict[Sense, float] = {}
    for rule in rules:
        for sense in {rule.sense, *rule.also}:
            every_s = object_look_s if sense == "objects" else rule.every_s
            periods[sense] = min(every_s, periods.get(sense, np.inf))
        if rule.glances_s is not None:
            periods["picture"] = min(rule.glances_s, periods.get("picture", np.inf))
    return periods
