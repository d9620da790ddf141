"""What live cameras have to tell: the film they show, seen with every frame decoded and analysed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final, Protocol

from benchmarks.eval.clips import Watched, watch
from benchmarks.mixes import Mix
from common.media import cache_dir, sha256_of
from detectors.detector import Detector
from edge.config import ViewSettings
from rtsp.file_source import frames
from rtsp.frame import Frame

Progress = Callable[[float], None]
START_EVERY_S: Final = 5.0  # a watch of a hill that begins so much later sees nearly the same
ROUNDS: Final = 2  # of the film: longer than a trial


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that full decoding saw begin: after how many seconds of its round or watch, what, and where."""

    after_s: float
    kind: str
    place: str


class Reference(Protocol):
    """What is due from one camera."""

    def due(self, began_s: float, film_s: float, from_s: float, to_s: float) -> list[tuple[Happening, float]]:
        """Return what has to be told between two moments, and when, by a watch that began with the film at `film_s`.

        All moments are Unix seconds; `film_s` counts from the film's beginning.
        """


@dataclass(frozen=True, slots=True)
class EachRound:
    """The same in every round of the film, whenever the watch began."""

    length_s: float
    found: tuple[Happening, ...]

    def due(self, began_s: float, film_s: float, from_s: float, to_s: float) -> list[tuple[Happening, float]]:
        round_s = began_s - film_s
        rounds = range(int((from_s - round_s) // self.length_s) - 1, int((to_s - round_s) // self.length_s) + 2)
        moments = [(one, round_s + n * self.length_s + one.after_s) for one in self.found for n in rounds]
        return [(one, at_s) for one, at_s in moments if from_s <= at_s <= to_s]


@dataclass(frozen=True, slots=True)
class FromStart:
    """A watch that remembers its view: what it tells, and when, follows from where in the film it began."""

    length_s: float
    by_start: tuple[tuple[Happening, ...], ...]  # evenly over the film

    def due(self, began_s: float, film_s: float, from_s: float, to_s: float) -> list[tuple[Happening, float]]:
        count = len(self.by_start)
        found = self.by_start[round(film_s / self.length_s * count) % count]
        return [(one, began_s + one.after_s) for one in found if from_s <= began_s + one.after_s <= to_s]


def reference(mix: Mix, detector: Detector, progress: Progress = lambda share: None, *, seen_by: str) -> Reference:
    """Return what the product sees in the film with every frame decoded and analysed; kept for the next time.

    seen_by: names the detector's weights and the size of its looks; another one sees for itself.
    """
    digest = hashlib.sha256(json.dumps([mix.camera, seen_by], sort_keys=True).encode()).hexdigest()[:12]
    known = cache_dir() / "bench" / f"{mix.film.stem}-{sha256_of(mix.film)[:12]}-{digest}.due.json"
    if known.exists():
        by_start = [[Happening(**row) for row in rows] for rows in json.loads(known.read_text(encoding="utf-8"))]
    else:
        by_start = _starts(mix, detector, progress) if mix.sense == "smoke" else [_round(mix, detector, progress)]
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps([[asdict(one) for one in found] for found in by_start]), encoding="utf-8")
    length_s = film_length_s(mix)
    if mix.sense == "smoke":
        return FromStart(length_s, tuple(tuple(found) for found in by_start))
    return EachRound(length_s, tuple(by_start[0]))


def film_length_s(mix: Mix) -> float:
    """Return the seconds after which the film begins again."""
    from rtsp.simulator.clip import TICKS_PER_S, Clip

    return Clip.read(mix.film).length / TICKS_PER_S


def _round(mix: Mix, detector: Detector, progress: Progress) -> list[Happening]:
    """Return what is seen on the second way round, when every track and every crowd has its past."""
    length_s = film_length_s(mix)
    view = ViewSettings.model_validate(dict(mix.camera))
    seen = watch(view, _twice(mix, length_s, progress), {mix.sense: lambda picture: detector.detect([picture])[0]})
    return [one for one in _told(seen, -length_s) if one.after_s >= 0]


def _starts(mix: Mix, detector: Detector, progress: Progress) -> list[list[Happening]]:
    """Return what a watch tells that begins at each stretch of the film."""
    view = ViewSettings.model_validate(dict(mix.camera))
    stills = _stills(mix)
    boxes = {id(still.picture): detector.detect([still.picture])[0] for still in stills}
    found = []
    for start in range(len(stills)):
        progress(start / len(stills))
        shown = (_at(stills[(start + n) % len(stills)], n * START_EVERY_S) for n in range(ROUNDS * len(stills)))
        found.append(_told(watch(view, shown, {mix.sense: lambda picture: boxes[id(picture)]}), 0.0))
    return found


def _told(seen: Watched, later_s: float) -> list[Happening]:
    places = {rule.settings.name: _place_of(rule.settings) for rule in seen.rules}
    return [Happening(round(one.time_s + later_s, 2), one.kind, places[one.rule]) for one in seen.alarms()]


def _place_of(settings: Any) -> str:
    """Return what an event's subject names last: zone, line, or the rule."""
    return str(getattr(settings, "zone", None) or getattr(settings, "line", None) or settings.name)


def _twice(mix: Mix, length_s: float, progress: Progress) -> Iterator[Frame]:
    """Yield the film's frames two times round, as one session."""
    for later_s in (0.0, length_s):
        for frame in frames(mix.film, "reference"):
            progress((later_s + frame.time_s) / (2 * length_s))
            yield _at(frame, later_s + frame.time_s)


def _stills(mix: Mix) -> Sequence[Frame]:
    """Return a frame of the film for every `START_EVERY_S`."""
    kept: list[Frame] = []
    for frame in frames(mix.film, "reference"):
        if frame.time_s >= len(kept) * START_EVERY_S:
            kept.append(frame)
    return kept


def _at(frame: Frame, time_s: float) -> Frame:
    return replace(frame, time_s=time_s, captured_at=frame.captured_at + timedelta(seconds=time_s - frame.time_s))
