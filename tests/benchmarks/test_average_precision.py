"""Average precision equals what can be computed by hand, and what COCO's own tool computes."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from benchmarks.eval.average_precision import ClassScore, Curve, Truth, interpolated, score
from detectors.detections import Detections

A, B, C = (0.0, 0.0, 0.1, 0.1), (0.3, 0.3, 0.4, 0.4), (0.6, 0.6, 0.7, 0.7)
NOWHERE = (0.9, 0.0, 1.0, 0.1)


def truth(*boxes: tuple[float, ...], label: str = "car", ignored: tuple[int, ...] = ()) -> Truth:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Truth(array, np.array([label] * len(boxes), np.str_), np.isin(np.arange(len(boxes)), ignored))


def seen(*found: tuple[tuple[float, ...], float], label: str = "car") -> Detections:
    return Detections(
        np.array([box for box, _ in found], np.float32).reshape(-1, 4),
        np.array([score for _, score in found], np.float32),
        np.array([label] * len(found), np.str_),
    )


def test_all_found_and_nothing_else_is_one():
    result = score([truth(A, B)], [seen((A, 0.9), (B, 0.8))], ["car"], confidence=0.5)["car"]

    assert (result.ap50, result.ap50_95, result.precision, result.recall) == (1.0, 1.0, 1.0, 1.0)


def test_one_of_two_found_is_the_recall_points_up_to_a_half():
    result = score([truth(A, B)], [seen((A, 0.9))], ["car"], confidence=0.5)["car"]

    assert result.ap50 == pytest.approx(51 / 101)
    assert result.recall == 0.5


def test_a_false_box_that_is_surer_halves_the_precision():
    result = score([truth(A)], [seen((NOWHERE, 0.9), (A, 0.8))], ["car"], confidence=0.5)["car"]

    assert result.ap50 == pytest.approx(0.5)
    assert result.precision == 0.5


def test_right_wrong_right_over_two_true_ones():
    # precision 1 up to recall 0.5 (51 points), then 2/3 up to recall 1 (50 points)
    assert interpolated(np.array([True, False, True]), 2) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_a_second_box_on_one_object_is_wrong():
    result = score([truth(A)], [seen((A, 0.9), (A, 0.8))], ["car"], confidence=0.5)["car"]

    assert (result.right, result.wrong) == (1, 1)


def test_a_box_that_overlaps_by_three_quarters_counts_up_to_there():
    three_quarters = (0.0, 0.0, 0.1, 0.075)

    result = score([truth(A)], [seen((three_quarters, 0.9))], ["car"], confidence=0.5)["car"]

    assert result.ap50 == 1.0
    assert result.ap50_95 == pytest.approx(0.6)  # 0.50, 0.55 … 0.75 of ten


def test_what_is_ignored_is_neither_right_nor_wrong():
    result = score([truth(A, B, ignored=(1,))], [seen((A, 0.9), (B, 0.8))], ["car"], confidence=0.5)["car"]

    assert result == ClassScore(truth=1, ap50=1.0, ap50_95=1.0, right=1, wrong=0)


def test_boxes_below_the_confidence_count_for_the_curve_only():
    result = score([truth(A, B)], [seen((A, 0.9), (B, 0.1))], ["car"], confidence=0.5)["car"]

    assert result.ap50 == 1.0
    assert result.recall == 0.5


def test_a_label_without_truth_is_not_scored():
    assert score([truth(A)], [seen((A, 0.9), label="bus")], ["car", "bus"], confidence=0.5).keys() == {"car"}


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_cocos_own_tool(seed: int):
    coco = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    rng = np.random.default_rng(seed)
    truths, found = zip(*(scene(rng) for _ in range(25)), strict=True)

    ours = score(truths, found, ["car", "bus"], confidence=0.5)

    theirs = coco_scores(coco, truths, found)
    assert np.mean([one.ap50 for one in ours.values()]) == pytest.approx(theirs[1], abs=1e-9)
    assert np.mean([one.ap50_95 for one in ours.values()]) == pytest.approx(theirs[0], abs=1e-9)


def scene(rng: np.random.Generator) -> tuple[Truth, Detections]:
    """Random objects, most of them seen with a shaky box, and some that are not there."""
    n = int(rng.integers(0, 12))
    corner, size = rng.uniform(0, 0.8, (n, 2)), rng.uniform(0.03, 0.2, (n, 2))
    boxes = np.concatenate([corner, corner + size], axis=1)
    labels = rng.choice(["car", "bus"], n)
    shaken = boxes + rng.normal(0, 0.012, boxes.shape)
    shown = rng.random(n) < 0.8
    false = np.tile(rng.uniform(0, 0.8, (3, 2)), 2) + np.array([0, 0, 0.1, 0.1])
    every = np.concatenate([shaken[shown], false])
    every[:, 2:] = np.maximum(every[:, 2:], every[:, :2] + 0.005)
    seen_labels = np.concatenate([labels[shown], rng.choice(["car", "bus"], 3)])
    scores = rng.permutation(np.linspace(0.05, 0.99, len(every))) + rng.uniform(0, 1e-3, len(every))
    return (
        Truth.of(boxes.astype(np.float32), labels.astype(np.str_)),
        Detections(every.astype(np.float32), scores.astype(np.float32), seen_labels.astype(np.str_)),
    )


def coco_scores(coco: Any, truths: Any, found: Any) -> Any:
    from pycocotools.cocoeval import COCOeval

    number = {"car": 1, "bus": 2}
    with contextlib.redirect_stdout(io.StringIO()):
        real = coco.COCO()
        real.dataset = {
            "images": [{"id": i} for i in range(len(truths))],
            "categories": [{"id": i, "name": name} for name, i in number.items()],
            "annotations": [
                {"id": i * 1000 + k + 1, "image_id": i, "category_id": number[str(label)], "iscrowd": 0}
                | {"bbox": xywh(box), "area": 1.0}
                for i, one in enumerate(truths)
                for k, (box, label) in enumerate(zip(one.boxes, one.labels, strict=True))
            ],
        }
        real.createIndex()
        results = real.loadRes(
            [
                {"image_id": i, "category_id": number[str(label)], "bbox": xywh(box), "score": float(s)}
                for i, one in enumerate(found)
                for box, label, s in zip(one.boxes, one.labels, one.scores, strict=True)
            ]
        )
        judge = COCOeval(real, results, "bbox")
        judge.params.areaRng = [[0, 1e10]] * 4
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge.stats


def xywh(box: np.ndarray) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2]) - float(box[0]), float(box[3]) - float(box[1])]


def test_recall_at_a_precision_is_the_highest_there_is():
    curve = Curve(np.array([0.9, 0.5, 0.2], np.float32), np.array([0.5, 0.8, 0.6]), np.array([0.1, 0.4, 0.7]))

    assert curve.at_precision(0.8) == (0.5, 0.8, 0.4)
    assert curve.at_precision(0.9) is None
