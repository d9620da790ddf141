"""Say which settings would have done better on these clips, by trying others on what the detector saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.eval.clips import Watched
from benchmarks.eval.events import ClipScore, score_clip, summary
from benchmarks.eval.replay import replay
from benchmarks.eval.truth import Truth
from edge.config import ViewSettings
from edge.rules import CATALOG

FACTORS: Final = {"after_s": (0.5, 1.5, 2.0, 3.0), "for_s": (0.5, 1.5, 2.0, 3.0), "at_least": (0.7, 0.85, 1.2, 1.5)}
LEVELS: Final = {"min_size": (0.02, 0.04, 0.06, 0.1, 0.15)}
LEAST_CLIPS: Final = 2  # one clip is an anecdote, and its settings are luck


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One clip with its truth and all that was seen of it."""

    clip: str
    truth: Truth
    watched: Watched


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of all rules of a kind: times a factor, or to a level."""

    setting: str
    factor: float | None = None
    level: float | None = None

    def of(self, value: float | None) -> float | None:
        """Return what `value` becomes; None where the rule has no such setting."""
        if value is None or self.level is not None:
            return self.level if value is not None else None
        changed = value * (self.factor or 1.0)
        return max(1, round(changed)) if isinstance(value, int) else round(changed, 2)


def advise(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return the settings that it would change: one row a kind, and only where no clip gets worse.

    A row has `kind`, `setting`, `rules` (clip, rule, from, to), and the figures `now` and `then` of that kind.
    """
    rows = []
    for kind in sorted({rule.kind for one in seen for rule in one.watched.rules}):
        best = _best(kind, [one for one in seen if any(rule.kind == kind for rule in one.watched.rules)])
        if best is not None:
            rows.append(best)
    return rows


def _best(kind: str, seen: Sequence[Seen]) -> dict[str, Any] | None:
    if len(seen) < LEAST_CLIPS or CATALOG[kind].sense != "objects" or not all(_tells_the_same(kind, o) for o in seen):
        return None
    now = [_score(kind, one, None) for one in seen]
    if not any(score.missed or score.false for score in now):
        return None
    tried = [(change, [_score(kind, one, change) for one in seen]) for change in _changes(kind)]
    better = [
        (change, then) for change, then in tried
        if all(map(_no_worse, now, then)) and _f1(then, kind) > _f1(now, kind)
    ]  # fmt: skip
    if not better:
        return None
    change, then = max(better, key=lambda pair: _f1(pair[1], kind))
    return {
        "kind": kind,
        "setting": change.setting,
        "rules": [row for one in seen for row in _rows(kind, one, change)],
        "now": _figures(now, kind),
        "then": _figures(then, kind),
    }


def _changes(kind: str) -> Iterator[Change]:
    known = CATALOG[kind].Settings.model_fields
    for setting, factors in FACTORS.items():
        if setting in known:
            yield from (Change(setting, factor=factor) for factor in factors)
    for setting, levels in LEVELS.items():
        if setting in known:
            yield from (Change(setting, level=level) for level in levels)


def _tells_the_same(kind: str, one: Seen) -> bool:
    """Whether a replay repeats what was told: a rule that also looks at pixels does not, and cannot be tried again."""
    said = [(a.rule, a.time_s) for a in one.watched.alarms() if a.kind == kind]
    try:
        again = [(a.rule, a.time_s) for a in replay(_with(one.truth.camera, kind, None), one.watched).alarms()]
    except LookupError:
        return False
    return said == again


def _score(kind: str, one: Seen, change: Change | None) -> ClipScore:
    """Score one clip as if it had only the rules of `kind`, with one setting changed."""
    again = replay(_with(one.truth.camera, kind, change), one.watched)
    events = tuple(event for event in one.truth.events or () if kind in event.kinds)
    truth = one.truth.model_copy(update={"events": events})
    return score_clip(one.clip, truth, again.alarms(), duration_s=again.duration_s, kinds=frozenset({kind}))


def _with(camera: ViewSettings, kind: str, change: Change | None) -> ViewSettings:
    rules = [rule for rule in camera.rules if rule.kind == kind]  # type: ignore[attr-defined]
    if change is not None:
        rules = [rule.model_copy(update=_update(rule, change)) for rule in rules]
    return camera.model_copy(update={"rules": rules})


def _update(rule: Any, change: Change) -> dict[str, float]:
    value = change.of(getattr(rule, change.setting, None))
    return {} if value is None else {change.setting: value}


def _rows(kind: str, one: Seen, change: Change) -> Iterator[dict[str, Any]]:
    for rule in one.truth.camera.rules:
        for setting, value in (_update(rule, change) if rule.kind == kind else {}).items():  # type: ignore[attr-defined]
            yield {"clip": one.clip, "rule": rule.name, "from": getattr(rule, setting), "to": value}


def _no_worse(now: ClipScore, then: ClipScore) -> bool:
    return len(then.missed) <= len(now.missed) and len(then.false) <= len(now.false)


def _f1(scores: Sequence[ClipScore], kind: str) -> float:
    return float(summary(scores, kind)["f1"] or 0.0)


def _figures(scores: Sequence[ClipScore], kind: str) -> dict[str, Any]:
    return {key: summary(scores, kind)[key] for key in ("truth", "detected", "false_alarms", "f1")}
