"""The judgement of one camera: looks in, the candidates that have become certain out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from detectors.picture import Picture
from edge.smoke.backdrop import Backdrop, Plane, inside_of, news_in
from edge.smoke.evidence import AS_LIKELY, OLD_S, Weights, add, miss
from edge.smoke.flame import is_flame, light_in
from edge.smoke.habits import Habits
from edge.smoke.sight import COLUMNS, ROWS, USUAL, horizon
from edge.smoke.tube import Sighting, Tube
from edge.smoke.tubes import Tubes, others, strongest_of
from edge.smoke.visibility import View, Visibility
from edge.smoke.weights import WEIGHTS


class SmokeWatch:
    """Keeps the memory of one view. Not thread-safe."""

    def __init__(self, weights: Weights = WEIGHTS) -> None:
        self._weights = weights
        self._tubes = Tubes()
        self._habits = Habits()
        self._backdrop = Backdrop()
        self._visibility = Visibility()
        self._horizon = USUAL
        self._time_s = 0.0
        self.is_blind = False  # at the last look

    @property
    def view(self) -> View:
        """Whether the view can be judged just now."""
        return self._visibility.state

    def look(self, found: Detections, picture: Picture | None, time_s: float) -> list[Tube]:
        """Take in one look; return every candidate, strongest first."""
        now = "clear" if picture is None else self._visibility.look(picture, time_s, self._fires())
        self.is_blind = now in {"fog", "glare"}
        if self.is_blind:
            return self._sorted()  # fog is not smoke, and neither is its absence an all-clear
        if now == "night":
            # Smoke without light is not seen: what looks like it is a lamp's glow.
            found = found[found.labels == "flame"]
        plane = None if picture is None else self._backdrop.plane(picture)
        departure = None if plane is None else self._departure(plane, time_s)
        if picture is not None:
            self._horizon = horizon(picture.gray(COLUMNS, ROWS))
        self._follow(found, picture, departure, time_s)
        self._remember(found, plane, time_s)
        self._tubes.forget(time_s, keep=frozenset(tube.number for tube in self._tubes.alive if tube.reported))
        return self._sorted()

    def let_go(self, candidates: Iterable[Tube]) -> None:
        """Forget candidates whose fire is over: what shows there again has to prove itself anew, over several looks."""
        self._tubes.drop(candidates)

    def _fires(self) -> list[npt.NDArray[np.float32]]:
        """Return where the fires stand that have been told, as last seen."""
        return [tube.last.box for tube in self._tubes.alive if tube.reported]

    def _departure(self, plane: Plane, time_s: float) -> Plane:
        """Return how far the view departs from its memory; while there is none yet, nothing counts as news."""
        known = self._backdrop.departure(plane, time_s)
        return np.zeros_like(plane) if known is None else known

    def _follow(self, found: Detections, picture: Picture | None, departure: Plane | None, time_s: float) -> None:
        owners = self._tubes.match(found.boxes)
        pieces: dict[int, list[int]] = {}
        for row, owner in enumerate(owners):
            pieces.setdefault(owner, []).append(row)
        known = list(self._tubes.alive)
        step_s, self._time_s = time_s - self._time_s, time_s
        seen = [
            self._tubes.begin(self._sighting(found, [row], picture, departure, time_s)) for row in pieces.pop(-1, [])
        ]
        for index, tube in enumerate(known):
            if index in pieces:
                tube.see(self._sighting(found, pieces[index], picture, departure, time_s))
                seen.append(tube)
            else:
                tube.miss()
                miss(tube, step_s)
        for tube in seen:
            says = self._weights.log_odds(tube)
            may_burn = _burns(tube, picture) and not self._is_weather(tube)
            add(tube, says if may_burn else min(says, AS_LIKELY), step_s)

    def _is_weather(self, tube: Tube) -> bool:
        """Return whether a candidate belongs to the mist or cloud around it; what was told before it came burns on."""
        return not tube.reported and tube.last.label == "smoke" and self._visibility.veils(tube.last.box)

    def _sighting(
        self, found: Detections, rows: list[int], picture: Picture | None, departure: Plane | None, time_s: float
    ) -> Sighting:
        box, score, label = strongest_of(found, rows)
        return Sighting(
            time_s=time_s,
            box=box,
            score=score,
            label=label,
            news=None if departure is None else news_in(box, departure),
            usual=self._habits.usual(box),
            watched_s=self._habits.watched_s,
            below=float(box[3]) - self._horizon,
            light=light_in(picture, box) if picture is not None and label == "flame" else None,
            others=others(found, box, score),
        )

    def _remember(self, found: Detections, plane: Plane | None, time_s: float) -> None:
        """Learn the view, without what may be a fire: memory must not swallow what it is there to reveal."""
        self._habits.learn(found[~_inside_any(found.boxes, self._fires())], time_s)
        if plane is not None:
            # Under a young candidate the view stays as it was before: news must not grow old while it is weighed.
            young = [tube for tube in self._tubes.alive if tube.reported or tube.lasted_s < OLD_S]
            boxes = np.array([tube.last.box for tube in young], np.float32).reshape(-1, 4)
            shape = (plane.shape[0], plane.shape[1])
            self._backdrop.learn(plane, time_s, inside_of(boxes, shape) if len(boxes) else None)

    def _sorted(self) -> list[Tube]:
        return sorted(self._tubes.alive, key=lambda tube: -tube.evidence)


def _burns(tube: Tube, picture: Picture | None) -> bool:
    """Return whether a light may be a flame; what is not called one is not asked."""
    if picture is None or tube.last.label != "flame":
        return True
    before = tube.sightings[-2] if len(tube.sightings) > 1 else None
    known = None if before is None or before.light is None else (before.box, before.light)
    return is_flame(picture, tube.last.box, known)


def _inside_any(boxes: npt.NDArray[np.float32], areas: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a box's centre lies inside one of `areas`."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = np.zeros(len(boxes), np.bool_)
    for area in areas:
        inside |= np.all((centres >= area[:2]) & (centres <= area[2:]), axis=1)
    return inside
