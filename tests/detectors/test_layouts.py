"""Every output layout reads what its exporter writes; unknown shapes are refused before the first picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import detectors.layouts
from common.catalog import load_catalog
from detectors.layout import Layout
from detectors.load import load_detector
from models.errors import ModelError
from tests.detectors.pictures import card_for, constant_model, plain

CATALOG = load_catalog(detectors.layouts, Layout)

# A 200x100 picture in a 64x64 input lies at y 16..48, so that these are its left half and its lower right quarter.
LEFT_HALF = (0, 16, 32, 48)
QUARTER = (32, 32, 64, 48)


def rows(*found: tuple[tuple[float, float, float, float], float, int], queries: int = 300) -> np.ndarray:
    """(1, queries, 6) as end-to-end models write them; queries that saw nothing are zero."""
    out = np.zeros((1, queries, 6), np.float32)
    for row, (box, score, label) in enumerate(found):
        out[0, row] = (*box, score, label)
    return out


def as_shares(box: tuple[float, float, float, float], size: int) -> list[float]:
    """cx cy w h as shares of the input."""
    x0, y0, x1, y1 = (value / size for value in box)
    return [(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0]


def detect(tmp_path: Path, content: bytes, layout: str, **card: int):
    path = tmp_path / "constant.onnx"
    path.write_bytes(content)
    detector = load_detector(card_for(content, layout, **{"width": 64, "height": 64, **card}), path, threads=1)
    return detector.detect([plain(200, 100)])[0]


def test_end_to_end_rows_become_boxes_of_the_picture(tmp_path):
    out = rows((LEFT_HALF, 0.9, 1), (QUARTER, 0.6, 0), ((0, 0, 5, 5), 0.05, 2))

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "end-to-end")

    assert np.allclose(found.boxes, [[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]])
    assert found.labels.tolist() == ["car", "person"]
    assert np.allclose(found.scores, [0.9, 0.6])


def test_end_to_end_keeps_two_boxes_of_one_label_that_overlap(tmp_path):
    out = rows((LEFT_HALF, 0.9, 0), (LEFT_HALF, 0.8, 0))

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "end-to-end")

    assert len(found) == 2


def test_a_van_that_is_also_called_a_truck_is_one_object(tmp_path):
    out = rows((LEFT_HALF, 0.6, 1), (LEFT_HALF, 0.7, 2), (LEFT_HALF, 0.5, 0))

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "end-to-end")

    assert found.labels.tolist() == ["truck", "person"]


def test_rtdetr_of_one_output_is_shares_and_probabilities(tmp_path):
    out = np.zeros((1, 300, 4 + 3), np.float32)
    out[0, 7] = [*as_shares(LEFT_HALF, 64), 0.1, 0.85, 0.2]

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "rtdetr")

    assert np.allclose(found.boxes, [[0, 0, 0.5, 1]])
    assert found.labels.tolist() == ["car"]


def test_rtdetr_of_six_columns_is_shares_score_and_class(tmp_path):
    out = np.zeros((1, 300, 6), np.float32)
    out[0, 0] = [*as_shares(QUARTER, 64), 0.85, 2]

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "rtdetr")

    assert np.allclose(found.boxes, [[0.5, 0.5, 1, 1]])
    assert found.labels.tolist() == ["truck"]


def test_rtdetr_of_two_outputs_is_logits_and_shares(tmp_path):
    logits = np.full((1, 300, 3), -9, np.float32)
    logits[0, 3, 2] = np.log(0.8 / 0.2)
    shares = np.zeros((1, 300, 4), np.float32)
    shares[0, 3] = as_shares(QUARTER, 64)

    found = detect(tmp_path, constant_model({"logits": logits, "pred_boxes": shares}, width=64, height=64), "rtdetr")

    assert np.allclose(found.boxes, [[0.5, 0.5, 1, 1]])
    assert np.allclose(found.scores, [0.8])
    assert found.labels.tolist() == ["truck"]


def test_rtdetr_of_three_outputs_is_told_the_size_and_gives_pixels(tmp_path):
    labels = np.zeros((1, 300), np.int64)
    labels[0, 0] = 1
    boxes = np.zeros((1, 300, 4), np.float32)
    boxes[0, 0] = np.array(LEFT_HALF) / 64
    scores = np.zeros((1, 300), np.float32)
    scores[0, 0] = 0.77
    content = constant_model({"labels": labels, "boxes": boxes, "scores": scores}, width=64, height=64, sizes=True)

    found = detect(tmp_path, content, "rtdetr")

    assert np.allclose(found.boxes, [[0, 0, 0.5, 1]])
    assert found.labels.tolist() == ["car"]


def test_yolov8_takes_the_best_class_of_each_anchor_and_suppresses_repeats(tmp_path):
    out = np.zeros((1, 4 + 3, 84), np.float32)  # 64 + 16 + 4 anchors
    out[0, :, 5] = [16, 32, 32, 32, 0.1, 0.9, 0.2]
    out[0, :, 6] = [16, 32, 31, 32, 0.1, 0.8, 0.2]
    out[0, :, 7] = [48, 40, 32, 16, 0.5, 0.1, 0.1]

    found = detect(tmp_path, constant_model({"output0": out}, width=64, height=64), "yolov8")

    assert np.allclose(found.boxes, [[0, 0, 0.5, 1], [0.5, 0.5, 1, 1]])
    assert found.labels.tolist() == ["car", "person"]


def test_yolox_adds_the_cell_and_multiplies_by_its_stride(tmp_path):
    out = np.zeros((1, 84, 5 + 3), np.float32)
    cell = 64 + 4 * 2 + 1  # the second grid (stride 16, four columns): column 1, row 2
    out[0, cell] = [0.0, 0.5, np.log(2), np.log(1), 0.9, 0.1, 0.2, 1.0]

    found = detect(tmp_path, constant_model({"output": out}, width=64, height=64), "yolox")

    # centre (16, 40), 32 x 16 pixels; the picture lies at y 16..48
    assert np.allclose(found.boxes, [[0, 0.5, 0.5, 1]])
    assert np.allclose(found.scores, [0.9])
    assert found.labels.tolist() == ["truck"]


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_every_layout_refuses_outputs_it_cannot_read(tmp_path, kind):
    content = constant_model({"output0": np.zeros((1, 2, 3, 4), np.float32)}, width=64, height=64)

    with pytest.raises(ModelError, match=rf"layout {kind}: .* expected, the model gives \(1, 2, 3, 4\)"):
        detect(tmp_path, content, kind)


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_every_layout_explains_itself(kind):
    assert CATALOG[kind].__doc__


def test_a_layout_that_does_not_exist_is_answered_with_those_that_do(tmp_path):
    content = constant_model({"output0": np.zeros((1, 300, 6), np.float32)}, width=64, height=64)

    with pytest.raises(ModelError, match="no layout 'yolo99'; there are: end-to-end"):
        detect(tmp_path, content, "yolo99")


def test_a_card_of_another_size_is_refused(tmp_path):
    content = constant_model({"output0": np.zeros((1, 300, 6), np.float32)}, width=64, height=64)

    with pytest.raises(ModelError, match="the card says 96x64"):
        detect(tmp_path, content, "end-to-end", width=96)
