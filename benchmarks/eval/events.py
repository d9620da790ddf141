"""Score events the way KISA and i-LIDS do: each true one detected once and in time, anything else a false alarm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from benchmarks.eval.truth import EventTruth, Truth

EARLY_S: Final = 2.0
LATE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """The start of one finding, as an operator would get it."""

    kind: str
    time_s: float
    delay_s: float  # how long its rule was told to wait
    rule: str = ""
    zone: str | None = None
    line: str | None = None
    direction: str | None = None
    boxes: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def meant_s(self) -> float:
        """When the cause began, by the rule's own account of how long it waits."""
        return self.time_s - self.delay_s


@dataclass(frozen=True, slots=True)
class ClipScore:
    """One clip: which alarm met which event, what was missed, and what was false."""

    clip: str
    hours: float  # scored
    kinds: frozenset[str]  # that its rules could report
    met: tuple[tuple[EventTruth, Alarm], ...] = ()
    missed: tuple[EventTruth, ...] = ()
    false: tuple[Alarm, ...] = ()
    delays_s: tuple[tuple[str, float], ...] = field(default=())  # (kind, seconds beyond the rule's own delay)


def score_clip(
    clip: str, truth: Truth, alarms: Iterable[Alarm], *, duration_s: float, kinds: frozenset[str]
) -> ClipScore:
    """Match the alarms of one clip with its truth."""
    events = [e for e in truth.events or () if not truth.ignores(e.start_s)]
    heard = sorted((a for a in alarms if not truth.ignores(a.time_s)), key=lambda a: a.time_s)
    hours = (
        max(duration_s - sum(min(end, duration_s) - min(start, duration_s) for start, end in truth.ignore), 0) / 3600
    )
    if truth.clip_label is not None:
        return _one_decision(clip, events, heard, hours, kinds)
    met, left = _match(events, heard)
    found = {id(e) for e, _ in met}
    delays = tuple((e.kind, a.meant_s - e.start_s) for e, a in met)
    false = tuple(a for a in left if not _tells_of_another_kind(a, events))
    return ClipScore(clip, hours, kinds, tuple(met), tuple(e for e in events if id(e) not in found), false, delays)


def _one_decision(
    clip: str, events: Sequence[EventTruth], alarms: Sequence[Alarm], hours: float, kinds: frozenset[str]
) -> ClipScore:
    """Reported at all, or not: for clips too short to ask when."""
    met, missed = [], []
    for event in events:
        alarm = next((a for a in alarms if a.kind in event.kinds), None)
        if alarm is None:
            missed.append(event)
        else:
            met.append((event, alarm))
    true_kinds = {kind for event in events for kind in event.kinds}
    first_false = {a.kind: a for a in reversed(alarms) if a.kind not in true_kinds}
    return ClipScore(clip, hours, kinds, tuple(met), tuple(missed), tuple(first_false.values()))


def _match(events: Sequence[EventTruth], alarms: Sequence[Alarm]) -> tuple[list[tuple[EventTruth, Alarm]], list[Alarm]]:
    """Pair in order of time, each alarm with the earliest event it fits: the events' own kinds before accepted ones."""
    met: list[tuple[EventTruth, Alarm]] = []
    left = list(alarms)
    open_events = sorted(events, key=lambda e: e.start_s)
    for own in (True, False):
        for alarm in list(left):
            event = next((e for e in open_events if _fits(alarm, e, own)), None)
            if event is not None:
                met.append((event, alarm))
                open_events.remove(event)
                left.remove(alarm)
    return met, left


def _fits(alarm: Alarm, event: EventTruth, own_kind: bool) -> bool:
    kind_fits = alarm.kind == event.kind if own_kind else alarm.kind in event.kinds
    in_time = event.start_s - EARLY_S <= alarm.meant_s <= event.start_s + LATE_S
    return kind_fits and in_time and _same_place(alarm, event)


def _same_place(alarm: Alarm, event: EventTruth) -> bool:
    pairs = ((alarm.zone, event.zone), (alarm.line, event.line), (alarm.direction, event.direction))
    return all(a is None or b is None or a == b for a, b in pairs)


def _tells_of_another_kind(alarm: Alarm, events: Sequence[EventTruth]) -> bool:
    """An accepted kind, said while the event lasts, is neither the event's one alarm nor a false one."""
    return any(
        alarm.kind in e.kinds and alarm.kind != e.kind and _same_place(alarm, e)
        and e.start_s - EARLY_S <= alarm.time_s <= max(e.end_s or 0.0, e.start_s + LATE_S) + alarm.delay_s
        for e in events
    )  # fmt: skip


def summary(clips: Sequence[ClipScore], kind: str | None = None) -> dict[str, Any]:
    """Return the figures over all clips, for one kind or for all. Shares that have no denominator are None."""
    met = sum(kind in (None, e.kind) for c in clips for e, _ in c.met)
    missed = sum(kind in (None, e.kind) for c in clips for e in c.missed)
    false = sum(kind in (None, a.kind) for c in clips for a in c.false)
    hours = sum(c.hours for c in clips if kind is None or kind in c.kinds)
    delays = [d for c in clips for k, d in c.delays_s if kind in (None, k)]
    return {
        "precision": _share(met, met + false),
        "recall": _share(met, met + missed),
        "f1": _share(2 * met, 2 * met + missed + false),
        "truth": met + missed,
        "detected": met,
        "false_alarms": false,
        "false_alarms_per_camera_hour": false / hours if hours else 0.0,
        "alarms_per_camera_hour": (met + false) / hours if hours else 0.0,
        "camera_hours": hours,
        "delay_s": {
            "median": float(np.median(delays)) if delays else None,
            "p95": float(np.percentile(delays, 95)) if delays else None,
        },
    }


def report(clips: Sequence[ClipScore]) -> dict[str, Any]:
    """Return what `ioc eval events --json` prints."""
    scored = {e.kind for c in clips for e in (*(e for e, _ in c.met), *c.missed)} | {
        a.kind for c in clips for a in c.false
    }
    return {
        "overall": summary(clips),
        "kinds": {kind: summary(clips, kind) for kind in sorted(scored)},
        "clips": [
            {
                "clip": c.clip,
                "detected": [
                    {"kind": e.kind, "start_s": e.start_s, "at_s": a.time_s, "said": a.kind} for e, a in c.met
                ],
                "missed": [{"kind": e.kind, "start_s": e.start_s} for e in c.missed],
                "false": [{"kind": a.kind, "at_s": a.time_s, "rule": a.rule, "boxes": a.boxes} for a in c.false],
            }
            for c in clips
        ],
    }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
