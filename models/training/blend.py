"""Mix the weights that a run began with back into its result: what it learned stays, and little of the old is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from models.errors import ModelError


def blend(first: Path, second: Path, share: float) -> None:
    """Overwrite the ONNX file `second` with `share` (0..1) of the weights of `first` and the rest of its own.

    Both are exports of one network, kernels in half precision or not; Wortsman et al., "Robust fine-tuning of
    zero-shot models", CVPR 2022. Raises `ModelError` where they are not.
    """
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(second)
    before = {item.name: numpy_helper.to_array(item) for item in onnx.load(first).graph.initializer}
    for item in graph.graph.initializer:
        own = numpy_helper.to_array(item)
        if own.dtype.kind != "f" or not item.name.startswith("model."):
            continue
        other = before.get(item.name)
        if other is None or other.shape != own.shape:
            raise ModelError(f"{first}: has no {item.name} of shape {own.shape}: not the same network")
        mixed = share * other.astype(np.float32) + (1 - share) * own.astype(np.float32)
        item.CopyFrom(numpy_helper.from_array(mixed.astype(own.dtype), item.name))
    onnx.save(graph, second)
