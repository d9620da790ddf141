"""Score smoke on sequences: are fires found, how soon, and how often is there an alarm without one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from benchmarks.eval.clips import Detect, watch
from benchmarks.eval.smoke_sequences import Sequence, touches
from edge.config import ViewSettings
from edge.rules.base import Finding

KINDS = ("smoke", "flame")
DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was reported of one sequence. Times in seconds from ignition; `false_alarms` began before it."""

    name: str
    fire: bool
    duration_s: float
    ttd_s: float | None
    ttd_frames: int | None
    false_alarms: int
    alarms: tuple[Mapping[str, Any], ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def detected(self) -> bool:
        return self.ttd_s is not None

    @property
    def is_false(self) -> bool:
        """Was there an alarm without a fire?"""
        return self.false_alarms > 0


def watch_sequence(
    sequence: Sequence, view: ViewSettings, detect: Detect, advance: Callable[[float], None] = lambda time_s: None
) -> Outcome:
    """Let the product watch one sequence as a node would: same camera story, rule and detector."""
    return next(iter(watch_with_each(sequence, view, detect, advance).values()))


def watch_with_each(
    sequence: Sequence, view: ViewSettings, detect: Detect, advance: Callable[[float], None] = lambda time_s: None
) -> dict[str, Outcome]:
    """Let every rule of `view` watch the same looks; return what each by its name made of them."""
    watched = watch(view, sequence.moments(), {"smoke": detect}, advance=advance)
    told = [one for one in watched.told if one.finding.kind in KINDS]
    names = [rule.settings.name for rule in watched.rules]
    return {name: judge(sequence, [one.finding for one in told if one.rule_name == name]) for name in names}


def judge(sequence: Sequence, told: list[Finding]) -> Outcome:
    """Return the outcome of findings whose times count from the first picture.

    The first alarm at or after ignition is the detection; alarms before it, or without any fire, are false. Later
    ones of the same fire are neither. A rule tells one alarm where a fire begins in the place of a false one: then the
    first update that shows labelled smoke is the detection, beside the false alarm.
    """
    begin_s = sequence.times_s[0]
    starts = [finding for finding in told if finding.phase == "start"]
    if sequence.ignition_s is None:
        return _outcome(sequence, starts, None, None, len(starts))
    at_s = [begin_s + finding.time_s - sequence.ignition_s for finding in starts]
    shown_s = [
        begin_s + finding.time_s - sequence.ignition_s
        for finding in told
        if finding.phase == "update" and shows_smoke(sequence, finding)
    ]
    after = sorted(time_s for time_s in [*at_s, *shown_s] if time_s >= 0)
    frames = None
    if after:
        frames = sum(1 for t in sequence.times_s if 0 <= t - sequence.ignition_s <= after[0])
    return _outcome(sequence, starts, after[0] if after else None, frames, sum(time_s < 0 for time_s in at_s))


def shows_smoke(sequence: Sequence, finding: Finding) -> bool:
    """Return whether smoke was labelled where `finding` points; False where nobody labelled any."""
    at_s = sequence.times_s[0] + finding.time_s
    index = bisect_right(sequence.times_s, at_s) - 1
    labelled = sequence.smoke[index] if sequence.smoke and index >= 0 else ()
    return any(touches(seen.box, box) for seen in finding.objects for box in labelled)


def report(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return `overall`, `tags` (counts of the sequences that bear each) and `sequences`.

    A sequence with a fire is a hit when the fire is found. A sequence is a false positive when it has an alarm
    before ignition, or any where nothing burns; such an alarm is counted beside a later hit, not instead of it.
    """
    fires = [outcome for outcome in outcomes if outcome.fire]
    found = [outcome for outcome in fires if outcome.detected]
    false = [outcome for outcome in outcomes if outcome.is_false]
    precision = _share(len(found), len(found) + len(false))
    recall = _share(len(found), len(fires))
    quiet_s = sum(outcome.duration_s for outcome in outcomes)
    waits_s = [outcome.ttd_s for outcome in found if outcome.ttd_s is not None]
    frames = [outcome.ttd_frames for outcome in found if outcome.ttd_frames is not None]
    alarms = sum(outcome.false_alarms for outcome in outcomes)
    return {
        "overall": {
            "precision": precision,
            "recall": recall,
            "f1": _f1(precision, recall),
            "false_alarm_rate": _share(len(false), len(outcomes)),
            "ttd_s": _middle(waits_s),
            "ttd_frames": {"median": median(frames), "mean": mean(frames)}
            if frames
            else {"median": None, "mean": None},
            "false_alarms_per_camera_day": alarms * DAY_S / quiet_s if quiet_s else None,
            "sequences": len(outcomes),
            "fires": len(fires),
            "detected": len(found),
            "false_alarms": alarms,
            "camera_days": quiet_s / DAY_S,
        },
        "tags": {tag: _counts([one for one in outcomes if tag in one.tags]) for tag in _tags(outcomes)},
        "sequences": [
            {
                "name": outcome.name,
                "fire": outcome.fire,
                "detected": outcome.detected,
                "ttd_s": outcome.ttd_s,
                "ttd_frames": outcome.ttd_frames,
                "false_alarms": outcome.false_alarms,
                "alarms": list(outcome.alarms),
            }
            for outcome in outcomes
        ],
    }


def _tags(outcomes: list[Outcome]) -> list[str]:
    return sorted({tag for outcome in outcomes for tag in outcome.tags})


def _counts(outcomes: list[Outcome]) -> dict[str, int]:
    return {
        "sequences": len(outcomes),
        "fires": sum(outcome.fire for outcome in outcomes),
        "detected": sum(outcome.detected for outcome in outcomes),
        "false_alarms": sum(outcome.false_alarms for outcome in outcomes),
    }


def _outcome(
    sequence: Sequence, starts: list[Finding], ttd_s: float | None, frames: int | None, false_alarms: int
) -> Outcome:
    # Only the time before ignition can bring a false alarm: afterwards smoke is really there.
    quiet_s = sequence.duration_s
    if sequence.ignition_s is not None:
        quiet_s = max(0.0, min(quiet_s, sequence.ignition_s - sequence.times_s[0]))
    zero_s = sequence.ignition_s or sequence.times_s[0]
    alarms = tuple(
        {
            "at_s": round(sequence.times_s[0] + finding.time_s - zero_s, 1),
            "kind": finding.kind,
            "confidence": finding.confidence,
            "box": [round(value, 4) for value in finding.objects[0].box] if finding.objects else None,
        }
        for finding in starts
    )
    fire = sequence.ignition_s is not None
    return Outcome(sequence.name, fire, quiet_s, ttd_s, frames, false_alarms, alarms, sequence.tags)


def _middle(values: Several[float]) -> dict[str, float | None]:
    return {"median": median(values), "mean": mean(values)} if values else {"median": None, "mean": None}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _f1(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None or precision + recall == 0:
        return 0.0 if recall is not None else None
    return 2 * precision * recall / (precision + recall)
