"""INT8: what goes to integers, what stays, and that a model which sees less is refused and not kept."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import typer
from typer.testing import CliRunner

from ioc import models_commands
from ioc.output import UserMistake
from models.card import find_card
from models.errors import ModelError
from models.quantize import measured_ranges, quantized
from models.session import Session, SessionSettings
from models.store import ensure
from tests.detectors.pictures import card_for, constant_model

ONE = SessionSettings(threads=1)


@pytest.fixture(scope="module")
def yolov8n() -> bytes:
    card = find_card("yolov8n")
    try:
        return ensure(card).read_bytes()
    except ModelError as error:
        pytest.skip(f"the weights of yolov8n cannot be had here: {error}")


@pytest.fixture(scope="module")
def streets(shared_data: Path) -> list[np.ndarray]:
    """(1, 3, 640, 640) each: streets, and their mirror images."""
    batches = []
    for file in sorted((shared_data / "clips").glob("robust_hcmc_*.jpg")):
        bgr = cv2.resize(np.asarray(cv2.imread(str(file))), (640, 640), interpolation=cv2.INTER_AREA)
        batch = bgr[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
        batches += [batch, batch[..., ::-1].copy()]
    return batches


def test_an_integer_model_is_a_third_of_the_size_and_scores_alike(yolov8n, streets):
    content = quantized("yolov8n", yolov8n, measured_ranges("yolov8n", yolov8n, streets))

    _, scores = Session("int8", content, ONE).run(streets[0])
    (whole,) = Session("fp32", yolov8n, ONE).run(streets[0])
    sure = whole[0, 4:] > 0.5
    assert len(content) < 0.35 * len(yolov8n)
    assert sure.sum() >= 20
    assert np.abs(scores[0] - whole[0, 4:])[sure].mean() < 0.1


def test_the_last_convolutions_stay_in_floating_point(yolov8n, streets):
    ranges = measured_ranges("yolov8n", yolov8n, streets[:2])
    model = onnx.load_from_string(quantized("yolov8n", yolov8n, ranges))

    made_by = {name: node for node in model.graph.node for name in node.output}
    in_float = [
        node
        for node in model.graph.node
        if node.op_type == "Conv" and made_by.get(node.input[1]) is None  # its weights are no dequantised integers
    ]
    assert len(in_float) == 6


def test_weights_in_half_precision_become_integers_of_one_scale_per_channel(yolov8n, streets):
    halved = onnx.load_from_string(yolov8n)
    weights = {node.input[1] for node in halved.graph.node if node.op_type == "Conv"}
    for tensor in [one for one in halved.graph.initializer if one.name in weights]:
        half = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        halved.graph.node.insert(0, onnx.helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=1))
        halved.graph.initializer.append(onnx.numpy_helper.from_array(half, f"{tensor.name}_half"))
        halved.graph.initializer.remove(tensor)
    content = halved.SerializeToString()

    model = onnx.load_from_string(quantized("half", content, measured_ranges("half", content, streets[:2])))

    integers = [one for one in model.graph.initializer if one.name.endswith("weight_quantized")]
    assert len(integers) >= 50
    assert {one.data_type for one in integers} == {onnx.TensorProto.INT8}
    assert all(
        len(onnx.numpy_helper.to_array(scale)) == integer.dims[0]
        for integer in integers
        for scale in model.graph.initializer
        if scale.name == integer.name.replace("_quantized", "_scale")
    )


def test_what_is_no_model_of_pictures_is_a_model_error():
    content = constant_model({"output0": np.zeros((1, 300, 6), np.float32)}, width=64, height=64)

    with pytest.raises(ModelError, match="cannot be quantised"):
        measured_ranges("constant", content, [np.zeros((1, 3, 8, 8), np.float32)])


class TestTheCommand:
    @pytest.fixture
    def pictures(self, tmp_path: Path) -> Path:
        folder = tmp_path / "pictures"
        folder.mkdir()
        rng = np.random.default_rng(1)
        for index in range(40):
            cv2.imwrite(str(folder / f"{index:02}.png"), rng.integers(0, 255, (64, 64, 3)).astype(np.uint8))
        return folder

    def run(self, *arguments: str) -> tuple[int, str, str]:
        app = typer.Typer()
        models_commands.register(app)
        done = CliRunner().invoke(app, ["models", *arguments])
        problem = str(done.exception) if isinstance(done.exception, UserMistake) else ""
        return done.exit_code, done.stdout, problem

    def test_pictures_in_which_nothing_is_seen_cannot_judge(self, pictures, tmp_path, yolov8n):
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "yolov8n.onnx").write_bytes(yolov8n)

        _, _, problem = self.run(
            "quantize", "yolov8n", "--calibrate", str(pictures), "--dir", str(tmp_path / "models"), "--pictures", "16"
        )

        assert "sure of too little" in problem
        assert not (tmp_path / "models" / "yolov8n-int8.onnx").exists()

    @pytest.mark.system
    def test_a_model_that_loses_more_than_allowed_is_refused_and_not_kept(self, shared_data, tmp_path, yolov8n):
        (tmp_path / "yolov8n.onnx").write_bytes(yolov8n)
        clip = str(shared_data / "clips" / "robust_la_intersection.mp4")

        _, _, problem = self.run(
            "quantize", "yolov8n", "--calibrate", clip, "--dir", str(tmp_path), "--pictures", "16", "--max-loss", "-1"
        )

        assert "refused: in 8 bits it loses" in problem
        assert not (tmp_path / "yolov8n-int8.onnx").exists()

    def test_a_folder_without_pictures_is_named(self, tmp_path, yolov8n):
        (tmp_path / "empty").mkdir()

        _, _, problem = self.run("quantize", "yolov8n", "--calibrate", str(tmp_path / "empty"))

        assert "there are no pictures or videos in it" in problem

    def test_listing_says_what_each_model_is_for(self, tmp_path):
        code, printed, _ = self.run("list", "--dir", str(tmp_path), "--json")

        listed = {model["name"]: model for model in json.loads(printed)["models"]}
        assert code == 0
        assert listed["yolov8n"]["licence"] == "AGPL-3.0"
        assert listed["yolox-nano"]["licence"] == "Apache-2.0"

    def test_verifying_a_rotten_file_fails_and_says_why(self, tmp_path):
        (tmp_path / "yolov8n.onnx").write_bytes(b"rotten")

        code, printed, _ = self.run("verify", "yolov8n", "--dir", str(tmp_path), "--json")

        (model,) = json.loads(printed)["models"]
        assert code == 1
        assert "is not yolov8n" in model["problem"]

    def test_an_unknown_model_is_the_users_mistake(self):
        _, _, problem = self.run("pull", "yolov9000")

        assert "there is no model card 'yolov9000'" in problem

    def test_weights_made_here_are_found_by_name_afterwards(self, tmp_path):
        from models.store import add

        content = constant_model({"output0": np.zeros((1, 300, 6), np.float32)}, width=64, height=64)
        card = card_for(content, "end-to-end", width=64, height=64).model_copy(update={"name": "ours"})

        add(card, content, tmp_path)

        code, printed, _ = self.run("verify", "ours", "--dir", str(tmp_path), "--json")
        assert code == 0
        assert json.loads(printed)["ok"] is True
        assert find_card("ours", tmp_path) == card
