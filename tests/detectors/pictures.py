"""Pictures and models that the detector tests share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.card import ModelCard
from rtsp.picture import VideoPicture


def still(path: Path) -> npt.NDArray[np.uint8]:
    """(height, width, 3) BGR of a picture file."""
    return np.asarray(cv2.imread(str(path)), np.uint8)


def first_frame(path: Path, index: int = 0) -> npt.NDArray[np.uint8]:
    """(height, width, 3) BGR of one frame of a clip."""
    clip = cv2.VideoCapture(str(path))
    for _ in range(index):
        clip.grab()
    ok, bgr = clip.read()
    assert ok, path
    return np.asarray(bgr, np.uint8)


def picture(bgr: npt.NDArray[np.uint8]) -> VideoPicture:
    return VideoPicture.of(bgr)


def plain(width: int, height: int, colour: tuple[int, int, int] = (10, 20, 30)) -> VideoPicture:
    """One colour, BGR."""
    return VideoPicture.of(np.full((height, width, 3), colour, np.uint8))


def constant_model(
    outputs: dict[str, npt.NDArray[np.generic]], *, width: int, height: int, sizes: bool = False
) -> bytes:
    """A model that answers every picture with `outputs`; its input only enters as a factor of zero."""
    inputs = [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, height, width])]
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    tensors = [numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    if sizes:
        inputs.append(helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, ["batch", 2]))
    infos = []
    for name, value in outputs.items():
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        last = [1] * value.ndim
        tensors += [
            numpy_helper.from_array(value, f"{name}_value"),
            numpy_helper.from_array(np.array([-1, *last[1:]], np.int64), f"{name}_shape"),
        ]
        nodes += [
            helper.make_node("Reshape", ["nothing", f"{name}_shape"], [f"{name}_flat"]),
            helper.make_node("Cast", [f"{name}_flat"], [f"{name}_zero"], to=kind),
            helper.make_node(
                "Add", [f"{name}_zero", f"{name}_value"], ["boxes_shares" if sizes and name == "boxes" else name]
            ),
        ]
        infos.append(helper.make_tensor_value_info(name, kind, [None] * value.ndim))
    if sizes:  # the deployed form scales its boxes, given as shares, to the sizes it is told
        nodes += [
            helper.make_node("Concat", ["orig_target_sizes", "orig_target_sizes"], ["sizes4"], axis=1),
            helper.make_node("Cast", ["sizes4"], ["sizes4f"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["sizes4f", "one"], ["sizes41"]),
            helper.make_node("Mul", ["boxes_shares", "sizes41"], ["boxes"]),
        ]
        tensors.append(numpy_helper.from_array(np.array([1], np.int64), "one"))
    graph = helper.make_graph(nodes, "constant", inputs, infos, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def card_for(
    content: bytes, layout: str, *, width: int, height: int, classes: Sequence[str] = ("person", "car", "truck")
) -> ModelCard:
    return ModelCard.model_validate(
        {
            "name": "constant",
            "version": "1",
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": "CC0-1.0",
            "terms": "ours",
            "classes": list(classes),
            "input": {"width": width, "height": height},
            "layout": layout,
            "alike": [["car", "truck"]],
        }
    )
