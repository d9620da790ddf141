"""Count what passes over a line, per direction and label, and report the sums of each interval.

Where the detector is blind (a view from straight above, headlights at night) and all vehicles count alike, what moves
over the line is counted as `vehicle`, marked doubtful, and `detail` says `by_movement`.

Nothing is an alarm here: each interval is one `flow` message. One object is one count, however often its box touches
the line; it counts again only when it really turns back. `detail` carries `counts` (direction → label → number),
`error` (direction → by how much the number may be off), `interval_s`, and `watched_s`, how much of it was seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from pydantic import Field

from edge.rules.base import Finding, Look, ObjectRuleSettings, Rule, Scene
from edge.rules.crossings import LONG_GAP_S, Crossings
from edge.rules.movers import Movers
from edge.rules.objects import TWO_WHEELERS, VEHICLES, riders

DOUBTFUL_SCORE: Final = 0.4
BLIND_BELOW: Final = 0.34  # share of what moves over the line that the detector has counted
ENOUGH: Final = 3  # crossings, before which nobody is called blind
REMEMBERS: Final = 60
LONGEST_STEP_S: Final = 2.0  # between two looks; during a longer one nobody watched
DIRECTIONS: Final = ("left", "right")


class LineCountSettings(ObjectRuleSettings):
    kind: Literal["line_count"] = Field(description="counts what passes over a line")
    line: str = Field(description="a line of this camera; 'right' is crossing towards the right-hand side of from→to")
    labels: frozenset[str] = Field(default=frozenset(), description="which labels count; empty means all")
    interval_s: float = Field(default=60.0, ge=1, le=86400, description="seconds over which counts are summed")


@dataclass(slots=True)
class _Passage:
    track: int
    label: str
    direction: str
    doubtful: bool


class LineCount(Rule[LineCountSettings]):
    kind = "line_count"
    Settings = LineCountSettings
    says = ("Đếm lưu lượng qua vạch theo hướng và loại xe", "Counts traffic over a line by direction and type")

    def __init__(self, settings: LineCountSettings, scene: Scene) -> None:
        super().__init__(settings, scene)
        self._crossings = Crossings(scene.lines[settings.line], scene.aspect)
        self._passages: list[_Passage] = []
        # Movement has no names: it can only stand in where every vehicle counts.
        counts_all = not settings.labels or settings.labels >= VEHICLES
        self._movers = Movers(scene.lines[settings.line], scene.aspect) if counts_all else None
        self._moved: Counter[str] = Counter()  # direction → what moved over the line, named or not
        self._all_counted = self._all_moved = 0
        self._began_s: float | None = None
        self._last_s = 0.0
        self._watched_s = 0.0

    @property
    def every_s(self) -> float:
        return 0.08  # a fast vehicle must be met on both sides of the line

    def update(self, look: Look) -> Iterable[Finding]:
        if self._began_s is None:
            self._began_s = self._last_s = look.time_s
        yield from self._flush_until(look.time_s)
        step_s = look.time_s - self._last_s
        self._watched_s += step_s if step_s <= LONGEST_STEP_S else 0.0
        self._last_s = look.time_s
        self._note_labels(look)
        if self._movers is not None:
            self._moved.update("right" if to_right else "left" for to_right in self._movers.update(look))
        skip = riders(look.tracks) if not self._labels or self._labels & set(TWO_WHEELERS) else None
        for crossing in self._crossings.update(look.tracks, look.time_s):
            if skip is None or not skip[crossing.row]:
                score = float(look.tracks.scores[crossing.row])
                doubtful = crossing.unseen_s > LONG_GAP_S or score < DOUBTFUL_SCORE
                label = str(look.tracks.labels[crossing.row])
                direction = "right" if crossing.to_right else "left"
                self._passages.append(_Passage(crossing.track, label, direction, doubtful))

    def finish(self, time_s: float) -> Iterable[Finding]:
        yield from self._flush_until(time_s)
        if self._began_s is not None and (time_s > self._began_s or self._passages):
            yield self._interval(self._began_s, time_s)
            self._began_s = None

    def forget(self, track_ids: Iterable[int]) -> None:
        self._crossings.forget(track_ids)

    @property
    def _labels(self) -> frozenset[str]:
        return self.settings.labels

    def _note_labels(self, look: Look) -> None:
        """Let a label that settles after the crossing win over the one at the crossing."""
        if not self._passages or not len(look.tracks):
            return
        labels = dict(zip(look.tracks.ids.tolist(), look.tracks.labels.tolist(), strict=True))
        for passage in self._passages:
            passage.label = labels.get(passage.track, passage.label)

    def _flush_until(self, time_s: float) -> Iterable[Finding]:
        """Report the interval that is over. After a silence the next one begins at the next look."""
        if self._began_s is None or time_s - self._began_s < self.settings.interval_s:
            return
        ended_s = self._began_s + self.settings.interval_s
        yield self._interval(self._began_s, ended_s)
        self._began_s = ended_s if time_s - ended_s < self.settings.interval_s else time_s

    def _is_blind(self, counted: int) -> bool:
        """Whether the detector has had a name for hardly anything that moved over the line, so far."""
        self._all_counted, self._all_moved = self._all_counted + counted, self._all_moved + self._moved.total()
        blind = self._all_moved >= ENOUGH and self._all_counted < BLIND_BELOW * self._all_moved
        if self._all_moved > REMEMBERS:  # an old verdict must not outlive dusk
            self._all_counted, self._all_moved = self._all_counted // 2, self._all_moved // 2
        return blind

    def _interval(self, began_s: float, ended_s: float) -> Finding:
        counted = [p for p in self._passages if not self._labels or p.label in self._labels]
        blind = self._is_blind(len(counted))
        for direction in DIRECTIONS if blind else ():
            missed = self._moved[direction] - sum(p.direction == direction for p in counted)
            counted += [_Passage(-1, "vehicle", direction, True) for _ in range(missed)]
        self._passages, self._moved = [], Counter()
        counts = {d: dict(sorted(Counter(p.label for p in counted if p.direction == d).items())) for d in DIRECTIONS}
        error = {d: sum(p.doubtful for p in counted if p.direction == d) for d in DIRECTIONS}
        watched_s, self._watched_s = min(self._watched_s, ended_s - began_s), 0.0
        detail: dict[str, Any] = {
            "line": self.settings.line,
            "interval_s": round(ended_s - began_s, 3),
            "watched_s": round(float(np.round(watched_s, 3)), 3),
            "counts": counts,
            "total": {d: sum(counts[d].values()) for d in DIRECTIONS},
            "error": error,
            "by_movement": blind,
        }
        return Finding(
            kind=self.kind, phase="end", key=f"{self.settings.name}@{began_s:.3f}", time_s=ended_s, started_s=began_s,
            ended_s=ended_s, confidence=1.0, severity="info", line=self.settings.line, detail=detail,
        )  # fmt: skip
