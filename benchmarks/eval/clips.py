"""Run a clip through the product: the same camera story, rules, tracker and detector as in a node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from benchmarks.eval.arrivals import Arrivals
from benchmarks.eval.events import Alarm
from detectors.detections import Detections
from detectors.picture import WHOLE, Gray, Image, Picture, Region
from edge.camera import CameraWatch, Moment, Told, make_watch
from edge.config import InferenceSettings, ViewSettings
from edge.rules.base import Rule
from edge.rules.lorries import LorryJudge

DETECTED_SENSES = ("objects", "smoke")


class Detect(Protocol):
    def __call__(self, picture: Picture) -> Detections: ...


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the detector of objects saw at one moment; a camera's watch takes it for the moment itself."""

    session: int
    time_s: float
    captured_at: datetime
    objects: Detections
    picture: Picture  # a stand-in: pictures are not kept


@dataclass(frozen=True, slots=True)
class Watched:
    """What a camera had to tell of one clip, and what was seen of its objects."""

    told: list[Told] = field(default_factory=list)
    rules: tuple[Rule[Any], ...] = ()
    first_s: float = 0.0  # the clip's own time of its first frame
    duration_s: float = 0.0
    looks: tuple[Look, ...] = ()
    aspect: float = 16 / 9

    @property
    def kinds(self) -> frozenset[str]:
        """Every event kind that its rules could have reported."""
        return frozenset(kind for rule in self.rules for kind in (rule.kinds or (rule.kind,)))

    def alarms(self) -> list[Alarm]:
        """Return the starts of its findings, in seconds of the clip."""
        rules = {rule.settings.name: rule for rule in self.rules}
        return [
            Alarm(
                kind=told.finding.kind,
                time_s=told.finding.time_s,
                delay_s=rules[told.rule_name].delay_of(told.finding.kind),
                rule=told.rule_name,
                zone=told.finding.zone,
                line=told.finding.line,
                direction=told.finding.detail.get("direction"),
                boxes=tuple(seen.box for seen in told.finding.objects),
            )
            for told in self.told
            if told.finding.phase == "start"
        ]


def watch(
    view: ViewSettings,
    frames: Iterable[Moment],
    detect: Mapping[str, Detect],
    *,
    lorries: LorryJudge | None = None,
    looks_per_s: float | None = None,
    advance: Callable[[float], None] = lambda time_s: None,
    on_look: Callable[[Moment, CameraWatch], None] = lambda moment, camera: None,
) -> Watched:
    """Let a camera with `view` see all `frames`; `detect` gives the detector behind each sense.

    `looks_per_s` is how often objects are looked for, as often as a node by default; a full box looks less often.
    """
    paced = InferenceSettings() if looks_per_s is None else InferenceSettings(looks_per_s=looks_per_s)
    camera: CameraWatch | None = None
    told: list[Told] = []
    looks: list[Look] = []
    arrivals = Arrivals()
    first_s, last_s, aspect = 0.0, 0.0, 16 / 9
    for moment in frames:
        if camera is None:
            first_s, aspect = moment.time_s, moment.picture.width / moment.picture.height
            camera = make_watch(view, looks_per_s=paced.looks_per_s, aspect=aspect, lorries=lorries)
        last_s = moment.time_s
        advance(last_s - first_s)
        told += arrivals.take(moment, camera)
        due = camera.due(moment)
        if not due:
            continue
        seen = {sense: _look(detect, sense, moment.picture) for sense in due}
        told += camera.see(moment, seen)
        on_look(moment, camera)
        if "objects" in seen:
            looks.append(Look(moment.session, moment.time_s, moment.captured_at, seen["objects"], NoPicture()))
    if camera is None:
        return Watched()
    told += camera.finish()
    return Watched(told, tuple(camera.rules), first_s, last_s - first_s, tuple(looks), aspect)


class NoPicture:
    """Stands where a picture was, so that minutes of footage fit into memory. Who looks at its pixels fails at once."""

    width, height = 16, 9

    def bgr(self) -> Image:
        raise LookupError("the picture was not kept")

    def scaled(self, width: int, height: int, *, region: Region = WHOLE, rgb: bool = False) -> Image:
        raise LookupError("the picture was not kept")

    def gray(self, width: int, height: int, *, region: Region = WHOLE) -> Gray:
        raise LookupError("the picture was not kept")


def _look(detect: Mapping[str, Detect], sense: str, picture: Picture) -> Detections:
    return detect[sense](picture) if sense in DETECTED_SENSES else Detections.none()
