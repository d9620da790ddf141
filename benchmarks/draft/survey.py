"""Watch a clip without judging it: who moved where, and what the detector saw at each look."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.draft.film import Film
from detectors.detections import Detections
from detectors.picture import Picture
from edge.camera import CameraWatch, Moment
from edge.rules.base import Finding, Look, Rule, RuleSettings, Scene
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker

Steps: TypeAlias = npt.NDArray[np.float64]  # (N, 3): seconds, then x and y of the foot, each 0..1
USUAL_ASPECT: Final = 16 / 9


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """One object through the clip."""

    label: str
    steps: Steps

    @property
    def span(self) -> npt.NDArray[np.float64]:
        """(2,) how far its foot went across and down, outliers left out."""
        low, high = np.quantile(self.steps[:, 1:], (0.05, 0.95), axis=0)
        return np.asarray(high - low, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A clip as the detector and the tracker alone see it."""

    trails: tuple[Trail, ...] = ()
    looks: dict[float, Detections] = field(default_factory=dict)  # second of the clip → what was detected
    aspect: float = USUAL_ASPECT
    duration_s: float = 0.0


class Witness(Rule[RuleSettings]):
    """Keeps where each object was; finds nothing."""

    kind = "witness"

    def __init__(self) -> None:
        super().__init__(RuleSettings(name="witness"), Scene())
        self._steps: dict[int, list[tuple[float, float, float]]] = {}
        self._labels: dict[int, str] = {}

    def update(self, look: Look) -> Iterable[Finding]:
        seen = look.tracks[look.tracks.seen_at(look.time_s)]
        for track, label, (x, y) in zip(seen.ids.tolist(), seen.labels.tolist(), seen.feet.tolist(), strict=True):
            self._labels[track] = label
            self._steps.setdefault(track, []).append((look.time_s, x, y))
        return ()

    def trails(self) -> tuple[Trail, ...]:
        return tuple(Trail(self._labels[n], np.asarray(steps, np.float64)) for n, steps in self._steps.items())


def survey(
    frames: Iterable[Moment],
    detect: Callable[[Picture], Detections],
    film: Film,
    *,
    looks_per_s: float,
    advance: Callable[[float], None] = lambda time_s: None,
) -> Survey:
    """Follow everything in `frames` at the product's own pace, and keep pictures of it on `film`."""
    witness, looks = Witness(), dict[float, Detections]()
    camera: CameraWatch | None = None
    aspect, last_s = USUAL_ASPECT, 0.0
    for moment in frames:
        last_s = moment.time_s
        film.take(last_s, moment.picture)
        if camera is None:
            aspect = moment.picture.width / moment.picture.height
            camera = CameraWatch([witness], tracker=Tracker(TrackerSettings(aspect=aspect)), looks_per_s=looks_per_s)
        if camera.due(moment):
            looks[last_s] = detect(moment.picture)
            camera.see(moment, {"objects": looks[last_s]})
            advance(last_s)
    return Survey(witness.trails(), looks, aspect, last_s)
