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
from models.reshape import anchors, reshaped, strides
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


def test_a_head_of_another_kind_is_left_as_it_is():
    model = onnx.load_from_string(constant_model({"o": np.zeros((1, 300, 6), np.float32)}, width=64, height=64))
    before = model.SerializeToString()

    assert cut_head(model) is False
    assert model.SerializeToString() == before


@given(st.binary(max_size=200))
def test_whatever_is_no_model_is_a_model_error(content: bytes):
    with pytest.raises(ModelError):
        reshaped("garbage", content, 640, 384)
