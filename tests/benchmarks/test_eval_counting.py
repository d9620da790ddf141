"""How counts are compared with the truth, and how a wrong truth file is explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.eval.counting import overall, score_clip
from benchmarks.eval.counting_report import accuracy_interval, write_counting_report
from benchmarks.eval.truth import CountTruth, read_truths
from common.config import ConfigError
from edge.config import ViewSettings
from edge.rules.base import Finding

GOOD = """
clip: a.mp4
camera:
  lines: {mid: {from: [0, 0.5], to: [1, 0.5]}}
  rules: [{kind: line_count, name: mid, line: mid}]
counts:
  - {line: mid, direction: right, label: any, count: 3}
"""


def flow(counts: dict[str, dict[str, int]], at_s: float = 4.0, rule: str = "mid") -> Finding:
    """Return what a rule tells of its first minute, in which everything passed at `at_s`."""
    both = {"left": {}, "right": {}, **counts}
    passed = {d: {label: [at_s] * n for label, n in labels.items()} for d, labels in both.items()}
    return Finding(
        kind="line_count", phase="end", key=f"{rule}@0", time_s=60.0, started_s=0.0, ended_s=60.0, confidence=1.0,
        severity="info", line="mid", detail={"counts": both, "error": {"left": 0, "right": 1}, "passed_s": passed},
    )  # fmt: skip


def truth(count: int, **more: Any) -> CountTruth:
    return CountTruth.model_validate({"line": "mid", "direction": "right", "count": count, **more})


def test_intervals_are_summed_over_labels_for_any_and_one_by_one_for_a_label() -> None:
    flows = [flow({"right": {"car": 2, "bus": 1}, "left": {"car": 9}}), flow({"right": {"car": 4}})]

    rows = score_clip("a.mp4", [truth(7), truth(6, label="car"), truth(9, direction="left")], flows)

    assert [row["counted"] for row in rows] == [7, 6, 9]
    assert [row["error"] for row in rows] == [0, 0, 0]


def test_two_rules_that_count_one_label_over_one_line_count_it_once() -> None:
    flows = [flow({"right": {"car": 2}}), flow({"right": {"car": 2, "bus": 1}}, rule="all")]

    assert score_clip("a.mp4", [truth(3)], flows)[0]["counted"] == 3


def test_an_error_within_its_tolerance_is_none_and_one_beyond_it_counts_in_full() -> None:
    rows = score_clip("a.mp4", [truth(4, tolerance=1), truth(5, tolerance=1)], [flow({"right": {"car": 3}})])

    assert [row["error"] for row in rows] == [0, 2]
    assert overall(rows)["accuracy"] == pytest.approx(1 - 2 / 9)


def test_a_perfect_count_with_times_has_no_cumulative_error_however_long_the_intervals() -> None:
    flows = [flow({"right": {"car": 1}}, at_s) for at_s in (4.0, 9.0, 14.0)]

    rows = score_clip("a.mp4", [truth(3, times_s=(4.1, 8.9, 14.2))], flows)

    assert rows[0]["nwrmse"] == pytest.approx(0.0)
    assert overall(rows)["nwrmse"] == pytest.approx(0.0)


def test_the_right_sum_at_the_wrong_times_has_a_cumulative_error() -> None:
    rows = score_clip("a.mp4", [truth(2, times_s=(4.0, 9.0))], [flow({"right": {"car": 2}}, 50.0)])

    assert rows[0]["error"] == 0
    assert rows[0]["nwrmse"] > 0.2


def test_what_passes_in_an_ignored_span_is_neither_counted_nor_true() -> None:
    flows = [flow({"right": {"car": 3}}, 2.0), flow({"right": {"car": 2}}, 9.0)]

    untimed = score_clip("a.mp4", [truth(2)], flows, [(0.0, 3.0)])
    timed = score_clip("a.mp4", [truth(4, times_s=(1.0, 2.0, 8.0, 9.0))], flows, [(0.0, 3.0)])

    assert [(r["truth"], r["counted"], r["error"]) for r in untimed + timed] == [(2, 2, 0), (2, 2, 0)]


def dataset(tmp_path: Path, text: str, *, clip: bool = True) -> Path:
    (tmp_path / "a.truth.yaml").write_text(text)
    if clip:
        (tmp_path / "a.mp4").touch()
    return tmp_path


def test_a_truth_file_is_read_with_its_camera(tmp_path: Path) -> None:
    [(clip, read)] = read_truths(dataset(tmp_path, GOOD), "counts")

    assert clip.name == "a.mp4"
    assert read.counts is not None and read.counts[0].label == "any"
    assert read.camera.rules[0].name == "mid"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (GOOD.replace("count: 3", "count: three"), "a.truth.yaml:7: counts.0.count"),
        (GOOD.replace("direction: right", "direction: up"), "a.truth.yaml:7: counts.0.direction"),
        (
            GOOD.replace("counts:", "cuonts:"),
            "yaml:6: cuonts: there is no such setting; did you mean 'counts'?",
        ),
        (GOOD.replace("- {line: mid", "- {line: mad"), "there is no line 'mad'"),
        (GOOD.replace("kind: line_count", "kind: line_cont"), "did you mean 'line_count'?"),
        (GOOD.replace("clip: a.mp4", "clip: b.mp4"), "there is no file 'b.mp4'"),
    ],
)
def test_a_wrong_truth_file_is_explained_by_line_and_key(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(ConfigError) as mistake:
        read_truths(dataset(tmp_path, wrong), "counts")

    assert said in str(mistake.value)


def test_a_folder_without_truth_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has 'counts:'"):
        read_truths(tmp_path, "counts")


def test_the_accuracy_s_interval_widens_where_clips_disagree_and_needs_three():
    def rows(*errors: int) -> list[dict[str, Any]]:
        return [{"clip": f"{n}.mp4", "error": error, "truth": 20} for n, error in enumerate(errors)]

    alike, apart = accuracy_interval(rows(2, 2, 2, 2)), accuracy_interval(rows(0, 0, 0, 8))

    assert alike == pytest.approx((0.9, 0.9))
    assert apart is not None and apart[0] < 0.8 and apart[1] == 1.0
    assert accuracy_interval(rows(0, 8)) is None


def test_the_report_draws_each_line_on_its_picture(tmp_path: Path, shared_data: Path):
    clip = shared_data / "counting" / "bgslib_video03.avi"
    view = ViewSettings.model_validate({"lines": {"road": {"from": [0.1, 0.6], "to": [0.9, 0.6]}}})
    row = {
        "clip": clip.name, "line": "road", "direction": "right", "label": "car", "truth": 4, "counted": 3, "error": 1,
        "doubtful": 1,
    }  # fmt: skip

    page = write_counting_report(
        tmp_path, {"overall": overall([row]), "clips": [row]}, {clip.name: clip}, {clip.name: view}
    )

    assert "data:image/jpeg" in page.read_text(encoding="utf-8")
    assert 0.75 == json.loads((tmp_path / "report.json").read_text())["overall"]["accuracy"]
