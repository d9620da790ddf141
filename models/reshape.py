"""Rewrites a detector's graph for another picture size and any batch, weights untouched.

A 16:9 picture fills 60 % of a square input; the rest is grey that costs as much to look at. Convolutions do not care
about the size, so only the constants that were baked in at export have to follow it: the anchor centres, the strides,
and the shapes that reshape the heads.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.head import cut_head

if TYPE_CHECKING:
    import onnx

STRIDES = (8, 16, 32)


def reshaped(name: str, content: bytes, width: int, height: int, *, cut: bool = True) -> bytes:
    """Return the ONNX file `content` with input (batch, 3, `height`, `width`) and a free batch size.

    Knows YOLOv8 as Ultralytics exports it, and graphs that ask for their own sizes, such as YOLOX. `cut` takes the
    box arithmetic out of a YOLOv8 head (`models.head`). Raises `ModelError` where a constant of the old size is left
    that it does not know.
    """
    if width % STRIDES[-1] or height % STRIDES[-1]:
        raise ModelError(f"{name}: {width}x{height} is not a multiple of {STRIDES[-1]} pixels")
    model = parsed(name, content)
    old = _size(name, model)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[0].dim_param, dims[2].dim_value, dims[3].dim_value = "batch", height, width
    if cut:
        cut_head(model)
    for tensor in _constants(model):
        _follow(name, tensor, old, (width, height))
    _free_reshapes(model, _cells(*old))
    _forget_shapes(model)
    return bytes(model.SerializeToString())


def freed(name: str, content: bytes) -> bytes | None:
    """Return the ONNX file `content` with an input of any batch, height and width in steps of the coarsest grid.

    None where a constant of the old size is left: that graph serves one size at a time (`reshaped`). Raises
    `ModelError` for what is no detector's file.
    """
    model = parsed(name, content)
    old = _size(name, model)
    cut_head(model)
    if any(_cells(*old) in tensor.dims for tensor in _constants(model)):
        return None
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[0].dim_param, dims[2].dim_param, dims[3].dim_param = "batch", "height", "width"
    _free_reshapes(model, _cells(*old))
    _forget_shapes(model)
    return bytes(model.SerializeToString())


def parsed(name: str, content: bytes) -> onnx.ModelProto:
    """Return the graph in an ONNX file. Raises `ModelError` where it is none."""
    import onnx

    try:
        return onnx.load_from_string(content)
    except Exception as error:  # protobuf's own type is not onnx's to promise
        raise ModelError(f"{name}: not an ONNX file: {error}") from error


def _size(name: str, model: onnx.ModelProto) -> tuple[int, int]:
    """Return width and height of the graph's input. Raises `ModelError` where they are not fixed."""
    if not model.graph.input:
        raise ModelError(f"{name}: not an ONNX file: it has no input")
    dims = model.graph.input[0].type.tensor_type.shape.dim
    if len(dims) != 4 or not dims[2].dim_value or not dims[3].dim_value:
        raise ModelError(f"{name}: its input is not a picture of a fixed size")
    return dims[3].dim_value, dims[2].dim_value


def anchors(width: int, height: int) -> npt.NDArray[np.float32]:
    """Return (2, cells) x and y of the centre of each cell of the three grids, in cells."""
    grids = []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        grids.append(np.stack([columns.ravel(), rows.ravel()]) + 0.5)
    return np.concatenate(grids, axis=1).astype(np.float32)


def strides(width: int, height: int) -> npt.NDArray[np.float32]:
    """Return (1, cells) stride of each cell of the three grids, in pixels."""
    counts = [(width // stride) * (height // stride) for stride in STRIDES]
    return np.repeat(np.array(STRIDES, np.float32), counts)[None]


def _cells(width: int, height: int) -> int:
    return sum((width // stride) * (height // stride) for stride in STRIDES)


def _constants(model: onnx.ModelProto) -> list[Any]:
    """Return the tensors that stand in the graph, as initializers or as constant nodes."""
    nodes = (node for node in model.graph.node if node.op_type == "Constant")
    held = (attribute.t for node in nodes for attribute in node.attribute if attribute.name == "value")
    return [*model.graph.initializer, *held]


def _follow(name: str, tensor: Any, old: tuple[int, int], new: tuple[int, int]) -> None:
    """Replace `tensor` where it is what the old size made it."""
    import onnx

    if _cells(*old) not in tensor.dims:
        return
    value = onnx.numpy_helper.to_array(tensor)
    for made_by in (anchors, strides):
        if np.array_equal(value.reshape(-1), made_by(*old).reshape(-1)):
            shape = [_cells(*new) if size == _cells(*old) else size for size in value.shape]
            follows = made_by(*new).reshape(shape).astype(value.dtype)
            tensor.CopyFrom(onnx.numpy_helper.from_array(follows, tensor.name))
            return
    raise ModelError(f"{name}: the constant {tensor.name} {value.shape} belongs to {old[0]}x{old[1]} and is not known")


def _free_reshapes(model: onnx.ModelProto, old_cells: int) -> None:
    """Let every Reshape take batch and number of cells from what comes in."""
    import onnx

    wanted = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    outputs = {node.output[0]: node for node in model.graph.node if node.op_type == "Constant"}
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    held |= {name: node.attribute[0].t for name, node in outputs.items()}
    for tensor in (held[name] for name in wanted if name in held):
        shape = onnx.numpy_helper.to_array(tensor).copy()
        if len(shape) > 1 and shape[0] == 1:
            shape[0] = 0  # as it comes in
        if -1 not in shape:
            shape[shape == old_cells] = -1
        tensor.CopyFrom(onnx.numpy_helper.from_array(shape, tensor.name))


def _forget_shapes(model: onnx.ModelProto) -> None:
    """Drop the inferred shapes of the old size; onnxruntime infers them again."""
    del model.graph.value_info[:]
    for output, dim in itertools.product(model.graph.output, (0, 1, 2)):
        dims = output.type.tensor_type.shape.dim
        if dim < len(dims) and (dim == 0 or dims[dim].dim_value not in {0, 1}):
            dims[dim].Clear()
            dims[dim].dim_param = "batch" if dim == 0 else f"size_{dim}"
