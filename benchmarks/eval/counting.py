"""Score counts over lines: how many crossed, how many we counted, and how far that is off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.eval.truth import CountTruth
from edge.rules.base import Finding

DIRECTIONS = ("left", "right")
SEGMENT_S = 5.0  # of the cumulative curves that the nwRMSE form compares


def score_clip(clip: str, truths: Sequence[CountTruth], findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return one row for each true count of a clip: what was counted, the truth, and the error beyond tolerance."""
    flows = [f for f in findings if f.kind == "line_count"]
    rows = []
    for truth in truths:
        counted = _counted(truth, flows)
        off = abs(counted - truth.count)
        row: dict[str, Any] = {
            "clip": clip, "line": truth.line, "direction": truth.direction, "label": truth.label,
            "truth": truth.count, "counted": counted, "error": off if off > truth.tolerance else 0,
            "tolerance": truth.tolerance,
            "doubtful": sum(_of(f, "error", truth) for f in flows if f.line == truth.line),
        }  # fmt: skip
        if truth.times_s:
            row["nwrmse"] = _nwrmse(truth, flows)
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


def _counted(truth: CountTruth, flows: Sequence[Finding]) -> int:
    by_label = counted_by_label(flows, truth.line, truth.direction)
    return sum(by_label.values()) if truth.label == "any" else by_label.get(truth.label, 0)


def _of(flow: Finding, what: str, truth: CountTruth) -> int:
    return int(flow.detail[what][truth.direction])


def _nwrmse(truth: CountTruth, flows: Sequence[Finding]) -> float:
    """Return the normalised weighted error of the cumulative curve (AI City Challenge 2020, track 1), at most 1."""
    last_s = max([*truth.times_s, *(f.ended_s or 0.0 for f in flows)], default=0.0)
    ends = np.arange(SEGMENT_S, last_s + SEGMENT_S, SEGMENT_S)
    true = np.searchsorted(np.sort(truth.times_s), ends, side="right")
    counted = [_counted(truth, [f for f in flows if (f.ended_s or 0.0) <= end + 1e-6]) for end in ends]
    weights = np.arange(1, len(ends) + 1) / (len(ends) * (len(ends) + 1) / 2)
    error = np.sqrt(np.sum(weights * np.square(np.asarray(counted) - true)))
    return float(min(1.0, error / max(len(truth.times_s), 1)))
