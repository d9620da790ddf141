"""The figures that choose checkpoints, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.score import Boxed, figures, iou, read_yolo


def boxed(*rows: tuple[float, float, float, float, float]) -> Boxed:
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Boxed(table[:, :4], table[:, 4])


TRUTH = np.array([[10, 10, 30, 30]], np.float32)
NOTHING = np.zeros((0, 4), np.float32)


def test_a_perfect_detector_scores_one():
    found = figures([boxed((10, 10, 30, 30, 0.9)), boxed()], [TRUTH, NOTHING])

    assert (1.0, 1.0, 1.0) == (found.ap50, found.precision, found.recall)


def test_a_second_box_on_one_plume_is_a_false_one():
    found = figures([boxed((10, 10, 30, 30, 0.9), (11, 11, 30, 30, 0.95))], [TRUTH])

    assert found.confidence == pytest.approx(0.95)
    assert (1.0, 1.0) == (found.precision, found.recall)


def test_a_surer_false_box_halves_precision():
    found = figures([boxed((10, 10, 30, 30, 0.5)), boxed((0, 0, 9, 9, 0.9))], [TRUTH, NOTHING])

    assert (0.5, 1.0) == (found.precision, found.recall)


def test_finding_nothing_scores_nothing():
    assert 0 == figures([boxed()], [TRUTH]).f1


def test_iou_of_half_shifted_boxes_is_a_third():
    assert iou(TRUTH, np.array([[20, 10, 40, 30]], np.float32))[0, 0] == pytest.approx(1 / 3)


def test_repeats_are_suppressed_and_weak_boxes_dropped():
    # columns are cells: x, y, w, h, smoke, flame
    output = np.array([[20, 20, 20, 20, 0.9, 0], [21, 20, 20, 20, 0.8, 0], [80, 80, 9, 9, 0.01, 0]], np.float32).T

    found = read_yolo(output, 0)

    assert [[10, 10, 30, 30]] == found.boxes.round().tolist()
