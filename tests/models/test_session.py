"""Sessions: the hash first, then the model; what cannot run says why."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from models.card import ModelCard
from models.errors import ModelError
from models.plugins import openvino_devices
from models.session import PROVIDERS, Session, SessionSettings, cores
from models.store import ensure, read_checked


def doubler() -> bytes:
    """A model that returns twice its input, (batch, 3, 2, 2)."""
    shape = ["batch", 3, 2, 2]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubler",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card(content: bytes) -> ModelCard:
    return ModelCard.model_validate(
        {
            "name": "doubler",
            "version": "1",
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": "CC0-1.0",
            "terms": "ours",
            "classes": ["car"],
            "input": {"width": 32, "height": 32},
            "layout": "yolov8",
        }
    )


def test_a_session_returns_what_the_model_computes():
    session = Session("doubler", doubler(), SessionSettings(threads=1))

    (out,) = session.run(np.full((2, 3, 2, 2), 1.5, np.float32))

    assert np.array_equal(out, np.full((2, 3, 2, 2), 3, np.float32))
    assert session.input_shape == (None, 3, 2, 2)
    assert session.providers == ["CPUExecutionProvider"]


def test_a_changed_file_is_refused_before_it_is_loaded(tmp_path: Path):
    content = doubler()
    path = tmp_path / "doubler.onnx"
    path.write_bytes(content[:-1] + b"!")

    with pytest.raises(ModelError, match=r"doubler\.onnx: is not doubler 1: sha256"):
        read_checked(card(content), path)


def test_a_missing_file_is_a_model_error(tmp_path: Path):
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_checked(card(doubler()), tmp_path / "none.onnx")


def test_weights_in_the_models_folder_are_used_and_wrong_ones_are_not(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("IOC_CACHE", str(tmp_path / "cache"))
    content = doubler()
    (tmp_path / "doubler.onnx").write_bytes(content)

    assert ensure(card(content), tmp_path) == tmp_path / "doubler.onnx"

    (tmp_path / "doubler.onnx").write_bytes(b"rotten")
    with pytest.raises(ModelError, match="cannot be had"):
        ensure(card(content), tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a model", doubler()[:40]])
def test_what_is_no_model_is_a_model_error(content: bytes):
    with pytest.raises(ModelError, match="onnxruntime cannot load it"):
        Session("broken", content)


def test_a_picture_of_the_wrong_shape_is_a_model_error():
    session = Session("doubler", doubler(), SessionSettings(threads=1))

    with pytest.raises(ModelError, match=r"doubler: inference failed: .*invalid dimensions"):
        session.run(np.zeros((1, 3, 5, 5), np.float32))


@pytest.mark.parametrize("provider", ["cuda", "tensorrt", "openvino"])
def test_a_missing_accelerator_falls_back_to_the_cpu_and_says_so(caplog: pytest.LogCaptureFixture, provider):
    if PROVIDERS[provider] in ort.get_available_providers() or (provider == "openvino" and openvino_devices()):
        pytest.skip(f"{provider} is here")

    with caplog.at_level(logging.WARNING, logger="models.session"):
        session = Session("doubler", doubler(), SessionSettings(providers=(provider,)))

    assert session.providers == ["CPUExecutionProvider"]
    assert [record.message for record in caplog.records] == ["provider is not installed"]


def test_the_cores_are_those_this_process_may_use():
    assert cores() >= 1
