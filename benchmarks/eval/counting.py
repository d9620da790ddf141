"""Score counts over lines: how many crossed, how many we counted, and how far that is off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.eval.truth import CountTruth
from edge.rules.base import Finding

DIRECTIONS = ("left", "right")
SEGMENT_S = 5.0  # of the cumulative curves that the nwRMSE form compares


def score_clip(
    clip: str, truths: Sequence[CountTruth], findings: Iterable[Finding], ignore: Sequence[tuple[float, float]] = ()
) -> list[dict[str, Any]]:
    """Return one row for each true count of a clip: what was counted, the truth, and the error beyond tolerance.

    `ignore` are spans of seconds in which nothing is scored: passages in them are not counted, true `times_s` neither.
    """
    flows = [f for f in findings if f.kind == "line_count"]
    rows = []
    for truth in truths:
        true_s, counted_s = _outside(truth.times_s, ignore), _outside(_counted_s(truth, flows), ignore)
        true = truth.count - (len(truth.times_s) - len(true_s))
        off = abs(len(counted_s) - true)
        row: dict[str, Any] = {
            "clip": clip, "line": truth.line, "direction": truth.direction, "label": truth.label,
            "truth": true, "counted": len(counted_s), "error": off if off > truth.tolerance else 0,
            "tolerance": truth.tolerance,
            "doubtful": sum(_of(f, "error", truth) for f in flows if f.line == truth.line),
        }  # fmt: skip
        if truth.times_s:
            row["nwrmse"] = _nwrmse(true_s, counted_s, max((f.ended_s or 0.0 for f in flows), default=0.0))
        rows.append(row)
    return rows


def overall(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `accuracy = 1 − Σ|counted − truth| / Σ truth`, where an error within its tolerance is none."""
    truth, error = sum(r["truth"] for r in rows), sum(r["error"] for r in rows)
    result: dict[str, Any] = {
        "accuracy": 1 - error / truth if truth else float(error == 0),
        "truth": truth,
        "counted": sum(r["counted"] for r in rows),
        "error": error,
    }
    timed = [r for r in rows if "nwrmse" in r]
    if timed:
        weights = [max(r["truth"], 1) for r in timed]
        result["nwrmse"] = float(np.average([r["nwrmse"] for r in timed], weights=weights))
    return result


def counted_by_label(flows: Iterable[Finding], line: str, direction: str) -> dict[str, int]:
    """Return the sums over the intervals; two rules that count one label over one line count it once."""
    per_rule: dict[str, dict[str, int]] = {}
    for flow in flows:
        if flow.line == line:
            sums = per_rule.setdefault(flow.key.split("@")[0], {})
            for label, count in flow.detail["counts"][direction].items():
                sums[label] = sums.get(label, 0) + count
    labels = sorted({label for sums in per_rule.values() for label in sums})
    return {label: max(sums.get(label, 0) for sums in per_rule.values()) for label in labels}


def _counted_s(truth: CountTruth, flows: Sequence[Finding]) -> list[float]:
    """Return when each passed that counts; two rules that count one label over one line count it once."""
    per_rule: dict[str, dict[str, list[float]]] = {}
    for flow in flows:
        if flow.line != truth.line:
            continue
        passed = per_rule.setdefault(flow.key.split("@")[0], {})
        for label, times_s in flow.detail["passed_s"].get(truth.direction, {}).items():
            passed.setdefault(label, []).extend(flow.started_s + at_s for at_s in times_s)
    labels = {label for passed in per_rule.values() for label in passed}
    if truth.label != "any":
        labels &= {truth.label}
    return [t for label in labels for t in max((passed.get(label, []) for passed in per_rule.values()), key=len)]


def _outside(times_s: Iterable[float], ignore: Sequence[tuple[float, float]]) -> list[float]:
    return [t for t in times_s if not any(start <= t <= end for start, end in ignore)]


def _of(flow: Finding, what: str, truth: CountTruth) -> int:
    return int(flow.detail[what][truth.direction])


def _nwrmse(true_s: Sequence[float], counted_s: Sequence[float], last_s: float) -> float:
    """Return the normalised weighted error of the cumulative curve (AI City Challenge 2020, track 1), at most 1."""
    ends = np.arange(SEGMENT_S, max([last_s, *true_s, *counted_s]) + SEGMENT_S, SEGMENT_S)
    true, counted = (np.searchsorted(np.sort(times), ends, side="right") for times in (true_s, counted_s))
    weights = np.arange(1, len(ends) + 1) / (len(ends) * (len(ends) + 1) / 2)
    error = np.sqrt(np.sum(weights * np.square(counted - true)))
    return float(min(1.0, error / max(len(true_s), 1)))
