"""The network starts as exactly the COCO network, and learns (where torch is installed)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from models.training.check import fitted, to_planes
from models.training.crops import Crop
from models.training.loop import as_batch


def test_batches_carry_centres_and_sizes_and_say_whose_box_it_is():
    blank = np.zeros((64, 96, 3), np.uint8)
    none = Crop(blank, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    one = Crop(blank, np.array([[0.2, 0.4, 0.4, 0.8]], np.float32), np.array([1]))

    batch = as_batch([none, one])

    assert (2, 3, 64, 96) == batch["img"].shape
    assert [1.0] == batch["batch_idx"].tolist()
    assert [1.0] == batch["cls"].ravel().tolist()
    assert batch["bboxes"].ravel() == pytest.approx([0.3, 0.6, 0.2, 0.4])


def test_a_picture_is_fitted_at_the_upper_left():
    canvas, zoom = fitted(np.full((50, 100, 3), 7, np.uint8), (64, 64))

    assert 0.64 == zoom
    assert (7, 114) == (canvas[0, 0, 0], canvas[63, 63, 0])


def test_planes_are_rgb_from_0_to_1():
    pixel = np.array([[[255, 0, 51]]], np.uint8)

    assert to_planes(pixel).ravel() == pytest.approx([0.2, 0, 1])


@pytest.mark.filterwarnings("ignore")
def test_the_started_network_equals_the_coco_network_it_came_from(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    pytest.importorskip("ultralytics", reason="the extra 'train' is not installed")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    import torch

    from models.card import find_card
    from models.session import Session
    from models.store import default_dir
    from models.training.network import prepare_torchvision, started_from

    weights = Path(os.environ.get("IOC_YOLOV8N", default_dir() / find_card("yolov8n").file_name))
    if not weights.exists():
        pytest.skip("the COCO weights are not in the cache (ioc models pull yolov8n)")
    kept = prepare_torchvision()
    picture = np.random.default_rng(0).random((1, 3, 640, 640), np.float32)

    model = started_from(weights, np.random.default_rng(1).random((2, 3, 128, 160), np.float32))
    with torch.no_grad():
        ours = model(torch.from_numpy(picture))[0].numpy()

    theirs = Session("yolov8n", weights.read_bytes()).run(picture)[0]
    assert np.abs(ours[:, 4:] - theirs[:, 4:]).max() < 1e-4
    assert np.abs(ours - theirs).max() < 0.05  # pixels
    del kept


@pytest.mark.filterwarnings("ignore")
def test_our_own_weights_are_a_start_as_well(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    pytest.importorskip("ultralytics", reason="the extra 'train' is not installed")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    import torch

    from models.card import find_card
    from models.reshape import reshaped
    from models.session import Session
    from models.training.network import for_our_labels, prepare_torchvision, started_from

    (place,) = find_card("smoke").sources
    kept = prepare_torchvision()
    picture = np.random.default_rng(0).random((1, 3, 384, 640), np.float32)

    model = for_our_labels(started_from(place.file(), np.random.default_rng(1).random((2, 3, 128, 160), np.float32)))
    with torch.no_grad():
        ours = model(torch.from_numpy(picture))[0].numpy()

    del kept
    theirs = Session("smoke", reshaped("smoke", place.file().read_bytes(), 640, 384)).run(picture)[0]
    assert np.abs(ours[:, 4:] - theirs[:, 4:]).max() < 1e-4
