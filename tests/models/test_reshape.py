"""Rewriting a graph for another size: what cannot be rewritten is refused, never half done."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from models.errors import ModelError
from models.head import cut_head
from models.reshape import anchors, freed, reshaped, strides
from tests.detectors.pictures import constant_model


def test_anchors_and_strides_go_from_fine_to_coarse_and_row_by_row():
    assert anchors(64, 32).shape == (2, 32 + 8 + 2)
    assert anchors(64, 32)[:, :9].T.tolist() == [[x + 0.5, 0.5] for x in range(8)] + [[0.5, 1.5]]
    assert strides(64, 32)[0].tolist() == [8] * 32 + [16] * 8 + [32] * 2


def test_a_constant_of_the_old_size_that_is_not_known_is_refused():
    strange = np.arange(84, dtype=np.float32)  # as many numbers as cells, but neither anchors nor strides
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["images"], ["mean"]), helper.make_node("Mul", ["mean", "odd"], ["out"])],
        "strange",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 84])],
        [numpy_helper.from_array(strange, "odd")],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    with pytest.raises(ModelError, match=r"the constant odd \(84,\) belongs to 64x64"):
        reshaped("strange", content, 96, 64)


def test_a_graph_without_constants_of_its_size_takes_any_size():
    import onnxruntime as ort

    weights = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "w")
    convolved = helper.make_node("Conv", ["images", "w"], ["one"])
    pooled = helper.make_node("AveragePool", ["one"], ["small"], kernel_shape=[8, 8], strides=[8, 8])
    graph = helper.make_graph(
        [convolved, pooled, helper.make_node("Reshape", ["small", "flat"], ["out"])],
        "free",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 1, 64])],
        [weights, numpy_helper.from_array(np.array([1, 1, -1], np.int64), "flat")],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()

    free = freed("free", content)

    assert free is not None
    session = ort.InferenceSession(free)
    for height, width in ((64, 64), (96, 160)):
        (out,) = session.run(None, {"images": np.ones((1, 3, height, width), np.float32)})
        assert out.shape == (1, 1, height * width // 64)


def test_a_graph_with_its_cells_baked_in_takes_one_size_only():
    centres = numpy_helper.from_array(anchors(64, 64)[None], "anchors")
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["images"], ["mean"]), helper.make_node("Mul", ["mean", "anchors"], ["out"])],
        "baked",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 2, 84])],
        [centres],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    assert freed("baked", content) is None


def test_a_head_of_another_kind_is_left_as_it_is():
    model = onnx.load_from_string(constant_model({"o": np.zeros((1, 300, 6), np.float32)}, width=64, height=64))
    before = model.SerializeToString()

    assert cut_head(model) is False
    assert model.SerializeToString() == before


@given(st.binary(max_size=200))
def test_whatever_is_no_model_is_a_model_error(content: bytes):
    with pytest.raises(ModelError):
        reshaped("garbage", content, 640, 384)
