"""Count what passes over a line, per direction and label, and report the sums of each interval.

Where the detector has no name for much of what moves (a view from straight above, headlights at night) and all vehicles
count alike, what moves over the line is counted too, as `vehicle`, marked doubtful, and `detail` says `by_movement`.

Nothing is an alarm here: each interval is one `flow` message. One object is one count, however often its box touches
the line; it counts again only when it really turns back. `detail` carries `counts` (direction → label → number),
`error` (direction → by how much the number may be off), `passed_s` (direction → label → when), `interval_s`, and
`watched_s`, how much of it was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from detectors.picture import Picture
from edge.rules.base import Finding, Look, ObjectRuleSettings, Rule, Scene
from edge.rules.crossings import LONG_GAP_S, Crossing, Crossings
from edge.rules.lorries import LABELS as LARGE
from edge.rules.lorries import Lorries
from edge.rules.movers import Movers
from edge.rules.objects import TWO_WHEELERS, VEHICLES, riders
from edge.rules.passages import NAMELESS, Passage, Passages, position
from edge.tracks import Tracks

DOUBTFUL_SCORE: Final = 0.4
LONGEST_STEP_S: Final = 2.0  # between two looks; during a longer one nobody watched
GLANCE_S: Final = 0.08  # movement is followed by shape alone, so it must not go its own length unseen
MOST_TIMES: Final = 5000  # in one message; more passages than these are told as sums alone
DIRECTIONS: Final = ("left", "right")


class LineCountSettings(ObjectRuleSettings):
    kind: Literal["line_count"] = Field(description="counts what passes over a line")
    line: str = Field(description="a line of this camera; 'right' is crossing towards the right-hand side of from→to")
    labels: frozenset[str] = Field(default=frozenset(), description="which labels count; empty means all")
    interval_s: float = Field(default=60.0, ge=1, le=86400, description="seconds over which counts are summed")


class LineCount(Rule[LineCountSettings]):
    kind = "line_count"
    Settings = LineCountSettings
    says = ("Đếm lưu lượng qua vạch theo hướng và loại xe", "Counts traffic over a line by direction and type")

    def __init__(self, settings: LineCountSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._line = scene.lines[settings.line]
        self._crossings = Crossings(self._line, scene.aspect)
        self._passages = Passages()
        # Movement has no names, sizes or scores to choose by: it can only stand in where every vehicle counts.
        counts_all = (not settings.labels or settings.labels >= VEHICLES) and not _is_choosy(settings)
        self._movers = Movers(self._line, scene.aspect) if counts_all else None
        told_apart = scene.lorries is not None and (not settings.labels or bool(settings.labels & LARGE))
        self._lorries = Lorries(scene.lorries) if told_apart and scene.lorries is not None else None
        self._glanced_s = -np.inf
        self._began_s: float | None = None
        self._last_s = 0.0
        self._watched_s = 0.0

    @property
    def every_s(self) -> float:
        return GLANCE_S  # a fast vehicle must be met on both sides of the line

    @property
    def glances_s(self) -> float | None:
        return GLANCE_S if self._movers is not None else None

    def glance(self, picture: Picture, time_s: float) -> None:
        if self._movers is not None and (self._passages.misses_much or not self._passages.is_judged):
            self._follow(self._movers, picture, time_s)

    def update(self, look: Look) -> Iterable[Finding]:
        if self._began_s is None:
            self._began_s = self._last_s = look.time_s
        yield from self._flush_until(look.time_s)
        step_s = look.time_s - self._last_s
        self._watched_s += step_s if step_s <= LONGEST_STEP_S else 0.0
        self._last_s = look.time_s
        labels = self._labels_in(look)
        self._passages.relabel(labels)
        if self._movers is not None and look.picture is not None:
            self._movers.note_people(look.tracks)
            self._follow(self._movers, look.picture, look.time_s)
        skip = riders(look.tracks) if not self._labels or self._labels & set(TWO_WHEELERS) else None
        for crossing in self._crossings.update(look.tracks, look.time_s):
            if skip is None or not skip[crossing.row]:
                self._passages.name(self._passage(crossing, look.tracks, look.time_s, labels))

    def finish(self, time_s: float) -> Iterable[Finding]:
        yield from self._flush_until(time_s)
        if self._began_s is not None:
            passages = self._passages.take(np.inf)
            if time_s > self._began_s or passages:
                yield self._interval(self._began_s, time_s, passages)
            self._began_s = None

    def forget(self, track_ids: Iterable[int]) -> None:
        gone = list(track_ids)
        self._crossings.forget(gone)
        if self._lorries is not None:
            self._lorries.forget(gone)

    @property
    def _labels(self) -> frozenset[str]:
        return self.settings.labels

    def _labels_in(self, look: Look) -> dict[int, str]:
        """Return what each track is called by now, buses looked at again."""
        labels = dict(zip(look.tracks.ids.tolist(), look.tracks.labels.tolist(), strict=True))
        if self._lorries is None or look.picture is None:
            return labels
        self._lorries.look(look.tracks, look.picture, look.time_s)
        return self._lorries.corrected(labels)

    def _follow(self, movers: Movers, picture: Picture, time_s: float) -> None:
        if time_s > self._glanced_s:
            self._glanced_s = time_s
            for passage in movers.update(picture, time_s):
                self._passages.move(passage)

    def _passage(self, crossing: Crossing, tracks: Tracks, time_s: float, labels: dict[int, str]) -> Passage:
        along, size = position(tracks, crossing.row, self._line, self.scene.aspect)
        doubtful = crossing.unseen_s > LONG_GAP_S or float(tracks.scores[crossing.row]) < DOUBTFUL_SCORE
        return Passage(time_s, along, size, crossing.to_right, crossing.track, labels[crossing.track], doubtful)

    def _flush_until(self, time_s: float) -> Iterable[Finding]:
        """Report the interval that is over. After a silence the next one begins at the next look."""
        if self._began_s is None or time_s - self._began_s < self.settings.interval_s:
            return
        ended_s = self._began_s + self.settings.interval_s
        yield self._interval(self._began_s, ended_s, self._passages.take(ended_s))
        self._began_s = ended_s if time_s - ended_s < self.settings.interval_s else time_s

    def _interval(self, began_s: float, ended_s: float, passages: list[Passage]) -> Finding:
        wanted = [p for p in passages if not self._labels or p.label in self._labels or p.track == NAMELESS]
        sides = {d: [p for p in wanted if p.to_right == (d == "right")] for d in DIRECTIONS}
        counts = {d: dict(sorted(Counter(p.label for p in side).items())) for d, side in sides.items()}
        error = {d: sum(p.doubtful for p in side) for d, side in sides.items()}
        watched_s, self._watched_s = min(self._watched_s, ended_s - began_s), 0.0
        detail: dict[str, Any] = {
            "line": self.settings.line,
            "interval_s": round(ended_s - began_s, 3),
            "watched_s": round(float(np.round(watched_s, 3)), 3),
            "counts": counts,
            "total": {d: sum(counts[d].values()) for d in DIRECTIONS},
            "error": error,
            "passed_s": {d: _when(side, began_s) for d, side in sides.items()} if len(wanted) <= MOST_TIMES else {},
            "by_movement": any(p.track == NAMELESS for p in wanted),
        }
        return Finding(
            kind=self.kind, phase="end", key=f"{self.settings.name}@{began_s:.3f}", time_s=ended_s, started_s=began_s,
            ended_s=ended_s, confidence=1.0, severity="info", line=self.settings.line, detail=detail,
        )  # fmt: skip


def _is_choosy(settings: LineCountSettings) -> bool:
    """Return whether some objects are left out by their size or score."""
    return (
        settings.min_size > 0
        or settings.max_size < LineCountSettings.model_fields["max_size"].default
        or settings.min_score > 0
    )


def _when(passages: list[Passage], began_s: float) -> dict[str, list[float]]:
    """Return when each passed, by label, in seconds of the interval; below 0 for what only later became certain."""
    times: dict[str, list[float]] = {}
    for passage in sorted(passages, key=lambda p: p.at_s):
        times.setdefault(passage.label, []).append(round(passage.at_s - began_s, 1))
    return times
