"""What a training run leaves behind: a card that loads, weights in half the space; what to install without torch."""

from __future__ import annotations

import importlib.util

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.eval.yolo_set import read_set
from models.card import find_card
from models.errors import ModelError
from models.session import Session
from models.store import read_checked
from models.training.blend import blend
from models.training.export import keep_in_half
from models.training.held_out import write_held_out
from models.training.pictures import Labelled
from models.training.recipe import Recipe
from models.training.result import terms_of, write_card


def convolution(channels: int = 64) -> onnx.ModelProto:
    kernel = np.random.default_rng(0).normal(0, 0.05, (channels, channels, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, channels, 8, 8])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_half_precision_storage_halves_the_file_and_keeps_the_function():
    model = convolution()
    full = model.SerializeToString()
    keep_in_half(model)
    half = model.SerializeToString()
    picture = np.random.default_rng(1).random((1, 64, 8, 8), np.float32)

    before, after = (Session("conv", content).run(picture)[0] for content in (full, half))

    assert len(half) < 0.55 * len(full)
    assert np.abs(before - after).max() < 2e-3


def test_blending_mixes_two_exports_weight_by_weight(tmp_path):
    files = []
    for name, value in (("first", 1.0), ("second", 3.0)):
        node = helper.make_node("Mul", ["x", "model.0.conv.weight"], ["y"])
        info = [helper.make_tensor_value_info(each, TensorProto.FLOAT, [2]) for each in ("x", "y")]
        kernel = numpy_helper.from_array(np.full(2, value, np.float32), "model.0.conv.weight")
        graph = helper.make_graph([node], "g", info[:1], info[1:], [kernel])
        files.append(tmp_path / f"{name}.onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), files[-1])

    blend(files[0], files[1], 0.25)

    (mixed,) = onnx.load(files[1]).graph.initializer
    assert [2.5, 2.5] == numpy_helper.to_array(mixed).tolist()


def test_networks_that_differ_are_not_blended(tmp_path):
    other = tmp_path / "other.onnx"
    onnx.save(convolution(), other)
    (place,) = find_card("smoke").sources
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(place.file().read_bytes())

    with pytest.raises(ModelError, match="not the same network"):
        blend(other, mine, 0.5)


def test_the_card_of_a_run_can_be_found_beside_its_weights(tmp_path):
    weights = tmp_path / "trained.onnx"
    weights.write_bytes(b"weights")

    write_card(
        weights,
        tmp_path,
        name="own",
        version="1",
        licence="CC0-1.0",
        terms="Trained on hill (ours).",
        figures={"confidence": 0.3, "ap50": 0.7},
    )

    card = find_card("own", tmp_path)
    assert ("smoke", "flame") == card.classes
    assert 0.3 == card.thresholds.high
    assert "Trained on hill (ours)." == card.terms
    assert 0.7 == card.quality["ap50"]
    assert b"weights" == read_checked(card, tmp_path / "own.onnx")


def test_the_card_names_the_terms_of_each_folder_of_pictures(tmp_path):
    parts = [
        {"folder": "a/hill", "range": "far", "terms": "ours"},
        {"folder": "b/fog", "range": "empty"},
        {"folder": "c/yard", "range": "near", "terms": "CC BY 4.0, credit X"},
    ]

    assert "Trained on hill (ours); yard (CC BY 4.0, credit X)." == terms_of(Recipe(parts=parts, start="smoke"))


def test_held_out_pictures_become_a_set_that_can_be_scored_again(tmp_path):
    pixels = np.full((48, 64, 3), 90, np.uint8)
    boxes = np.array([[16, 12, 32, 36]], np.float32)
    held = [
        Labelled("x.jpg", "C", pixels, boxes, np.array([1])),
        Labelled("yard_3.jpg", "", pixels, boxes, np.array([0])),
    ]

    again = read_set(write_held_out(held, tmp_path))

    assert ("C", "yard") == again.cameras()
    first, second = again.truths()
    assert ["flame"] == first.labels.tolist()
    assert ["smoke"] == second.labels.tolist()
    assert np.allclose(first.boxes, [[0.25, 0.25, 0.5, 0.75]])


def test_the_shipped_card_matches_the_shipped_weights():
    card = find_card("smoke")
    (place,) = card.sources

    assert len(read_checked(card, place.file())) < 15 * 2**20


def test_the_shipped_recipe_reads():
    from pathlib import Path

    import models.training
    from common.config import read_config

    recipe = read_config(Path(models.training.__file__).parent / "smoke.recipe.yaml", Recipe)

    assert recipe.parts[0].hold_out


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_the_command_says_what_to_install(tmp_path):
    from ioc.output import UserMistake
    from ioc.train_commands import train

    with pytest.raises(UserMistake, match=r"ioc-edge\[train\]"):
        train(tmp_path / "recipe.yaml", tmp_path)
