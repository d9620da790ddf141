"""Real models on real pictures agree, box by box, with another runtime and plain formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors.detections import Detections
from detectors.layouts.yolov8 import YoloV8
from detectors.load import load_detector
from models.card import ModelCard, find_card
from models.errors import ModelError
from models.reshape import reshaped
from models.session import Session, SessionSettings
from models.store import ensure
from tests.detectors import reference
from tests.detectors.pictures import first_frame, picture, plain, still

SURE = 0.4  # compared from here on: around a threshold the last bit decides
Reference = Callable[..., list[reference.Found]]


@pytest.fixture(scope="session")
def scenes(shared_data: Path) -> dict[str, np.ndarray]:
    clips = shared_data / "clips"
    return {
        "street": still(clips / "robust_hcmc_1.jpg"),
        "junction": still(clips / "robust_hcmc_2.jpg"),
        "crossing": first_frame(clips / "otanalytics_cars_cyclist.mp4", 20),
        "yard": first_frame(shared_data / "tracking" / "PETS09-S2L1.avi", 100),
    }


def weights(card: ModelCard) -> Path:
    try:
        return ensure(card)
    except ModelError as error:
        pytest.skip(f"the weights of {card.name} cannot be had here: {error}")


def assert_same(found: Detections, expected: list[reference.Found], card: ModelCard, bgr: np.ndarray) -> None:
    """Every sure box of one side has its equal on the other."""
    size = np.array([bgr.shape[1], bgr.shape[0]] * 2)
    boxes = found.boxes * size
    for one in expected:
        overlaps = [reference.iou(one.box, tuple(box)) for box in boxes]
        same = [i for i, o in enumerate(overlaps) if o > 0.9 and found.labels[i] == card.classes[one.label]]
        assert any(abs(found.scores[i] - one.score) < 0.05 for i in same), (one, max(overlaps, default=0))
    for box, score, label in zip(boxes, found.scores, found.labels, strict=True):
        if score >= SURE + 0.05:
            assert any(
                reference.iou(one.box, tuple(box)) > 0.9 and card.classes[one.label] == label for one in expected
            )


@pytest.mark.parametrize(
    ("name", "size_of", "again"),
    [("yolov8n", 640, reference.yolov8), ("yolox-nano", 416, reference.yolox)],
)
@pytest.mark.parametrize("scene", ["street", "junction", "crossing", "yard"])
def test_a_detector_agrees_with_opencv_and_plain_formulas(scenes, name: str, size_of: int, again: Reference, scene):
    card = find_card(name).model_copy(update={"alike": ()})
    path = weights(card)
    bgr = scenes[scene]
    width, height = size_of, -(-round(size_of * bgr.shape[0] / bgr.shape[1]) // 32) * 32

    found = load_detector(card, path, threads=1, expected=[(bgr.shape[1], bgr.shape[0])]).detect([picture(bgr)])[0]

    model = reshaped(name, path.read_bytes(), width, height, cut=False)
    expected = again(model, bgr, width, height, SURE, card.thresholds.overlap)
    assert len(expected) >= 1
    assert_same(found, expected, card, bgr)


def test_a_graph_rewritten_for_its_own_size_computes_the_same_numbers(scenes):
    content = weights(find_card("yolov8n")).read_bytes()
    padded, _, _, _ = reference.letterboxed(scenes["street"], 640, 640, centre=True)
    batch = padded[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    one = SessionSettings(threads=1)

    (original,) = Session("original", content, one).run(batch)
    whole = reshaped("yolov8n", content, 640, 640, cut=False)
    (rewritten,) = Session("rewritten", whole, one).run(np.repeat(batch, 2, axis=0))

    assert np.allclose(rewritten, np.repeat(original, 2, axis=0), atol=1e-3)


def test_a_cut_head_gives_the_boxes_that_the_graph_would_have_computed(scenes):
    content = weights(find_card("yolov8n")).read_bytes()
    padded, _, _, _ = reference.letterboxed(scenes["street"], 640, 384, centre=True)
    batch = padded[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    one, layout = SessionSettings(threads=1), YoloV8(80, 640, 384)

    whole = Session("whole", reshaped("yolov8n", content, 640, 384, cut=False), one).run(batch)
    cut = Session("cut", reshaped("yolov8n", content, 640, 384), one).run(batch)

    (expected,), (found,) = layout.read(whole, 0.05), layout.read(cut, 0.05)
    assert len(expected) >= 50
    assert np.array_equal(found.classes, expected.classes)
    assert np.allclose(found.scores, expected.scores, atol=1e-4)
    assert np.allclose(found.boxes, expected.boxes, atol=0.05)


def test_a_picture_without_its_grey_borders_shows_the_same_objects(scenes):
    card = find_card("yolov8n").model_copy(update={"alike": ()})
    path = weights(card)
    bgr = scenes["street"]

    found = load_detector(card, path, threads=1, expected=[(bgr.shape[1], bgr.shape[0])]).detect([picture(bgr)])[0]

    square = reference.yolov8(path.read_bytes(), bgr, 640, 640, SURE, card.thresholds.overlap)
    size = np.array([bgr.shape[1], bgr.shape[0]] * 2)
    matched = [max(reference.iou(one.box, tuple(box)) for box in found.boxes * size) for one in square]
    assert len(square) >= 8
    assert np.mean(np.array(matched) > 0.8) >= 0.9


@pytest.mark.parametrize("name", ["yolov8n", "yolox-nano"])
def test_a_blank_picture_shows_nothing(name: str):
    card = find_card(name)

    (found,) = load_detector(card, weights(card), threads=1).detect([plain(640, 360)])

    assert len(found) == 0


def test_a_size_that_no_grid_fits_is_refused():
    with pytest.raises(ModelError, match="not a multiple of 32"):
        reshaped("yolov8n", b"", 640, 360)
