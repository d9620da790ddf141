"""From a trained network to the file that is shipped: ONNX, kernels kept in half precision to halve the download."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx

SIZE = (640, 384)  # width, height of the coarse look at a whole view; the graph is rewritten for finer ones
SMALL = 2048  # numbers: below it a tensor is a bias or a grid, not worth the rounding


def export(model: Any, file: Path, size: tuple[int, int] = SIZE) -> Path:
    """Write `model` as ONNX for pictures of `size` (width, height), its normalisation folded in."""
    import onnx
    import torch

    model = model.cpu().float().eval().fuse(verbose=False)
    for module in model.modules():
        if hasattr(module, "export"):
            module.export, module.format = True, "onnx"
    example = torch.zeros(1, 3, size[1], size[0])
    model(example)  # the head builds its grid for this size before it is traced
    torch.onnx.export(
        model, (example,), str(file), opset_version=17, input_names=["images"], output_names=["output0"], dynamo=False
    )
    graph = onnx.load(file)
    keep_in_half(graph)
    onnx.checker.check_model(graph)
    onnx.save(graph, file)
    return file


def keep_in_half(model: onnx.ModelProto) -> None:
    """Store large weights as float16, widened again when the file is loaded: computing stays in float32."""
    import onnx

    casts = []
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor)
        if value.dtype != np.float32 or value.size < SMALL or value.ndim != 4:
            continue
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(value.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def sha256_of(file: Path) -> str:
    """Return the hash by which a card knows its weights."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
